// What device code says differently where a CPU executes it: the twin of this header in
// tests/support/cuda_emulator/twin has the same names, and CUDA's intrinsics.
#pragma once

// `name` is the block's dynamic shared memory. A row of a GEMM tile has 64 bytes, and in_step needs
// its alignment.
#define DYNAMIC_SHARED(type, name) extern __shared__ __align__(64) type name[]

namespace yent::cuda {

// All bytes of a value at once; its address must be a multiple of their number.
template <class T>
__device__ inline T load_whole(const void* from) {
  return *static_cast<const T*>(from);
}
template <class T>
__device__ inline void store_whole(void* to, const T& value) {
  *static_cast<T*>(to) = value;
}

}  // namespace yent::cuda
