// CUDA's words and intrinsics on the CPU, for kernels that are compiled as C++.
//
// The approximate intrinsics are exact here, but for what CUDA documents about huge divisors: a GPU
// may differ in the last two places.
#pragma once

#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime_api.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "tests/support/cuda_emulator/device.h"

// All variables of all kernels in shared memory are one section, filled with NaN for every block.
#undef __shared__
#define __shared__ static __attribute__((section("cuda_shared")))
#define __launch_bounds__(...)
#define DYNAMIC_SHARED(type, name) \
  type* const name = static_cast<type*>(::yent::cuda::emulator::dynamic_shared())

namespace yent::cuda {

template <class T>
T load_whole(const void* from) {
  T value;
  emulator::load_whole(static_cast<void*>(&value), from, sizeof(T));
  return value;
}
template <class T>
void store_whole(void* to, const T& value) {
  emulator::store_whole(to, &value, sizeof(T));
}

}  // namespace yent::cuda

#define threadIdx (::yent::cuda::emulator::thread_index())
#define blockIdx (::yent::cuda::emulator::block_index())
#define blockDim (::yent::cuda::emulator::block_threads())
#define gridDim (::yent::cuda::emulator::grid_blocks())

using std::max;
using std::min;

inline void __syncthreads() { yent::cuda::emulator::synchronize_block(); }

inline float __shfl_xor_sync(unsigned mask, float x, int lanes) {
  namespace emulator = yent::cuda::emulator;
  float result;
  emulator::synchronize_warp(
      mask, emulator::WarpOp::shuffle_xor,
      {reinterpret_cast<const uint32_t*>(&x), static_cast<uint32_t>(lanes), 0, &result});
  return result;
}
inline unsigned __reduce_max_sync(unsigned mask, unsigned x) {
  namespace emulator = yent::cuda::emulator;
  unsigned result;
  emulator::synchronize_warp(mask, emulator::WarpOp::max_unsigned, {&x, 0, 0, &result});
  return result;
}
inline int __reduce_max_sync(unsigned mask, int x) {
  namespace emulator = yent::cuda::emulator;
  int result;
  emulator::synchronize_warp(mask, emulator::WarpOp::max_signed,
                             {reinterpret_cast<const uint32_t*>(&x), 0, 0, &result});
  return result;
}

inline unsigned atomicMax(unsigned* at, unsigned value) {
  return yent::cuda::emulator::atomic_max(at, value);
}
inline int atomicMax(int* at, int value) { return yent::cuda::emulator::atomic_max(at, value); }
inline int atomicAdd(int* at, int value) { return yent::cuda::emulator::atomic_add(at, value); }
inline int atomicExch(int* at, int value) {
  return yent::cuda::emulator::atomic_exchange(at, value);
}
inline void __threadfence() { yent::cuda::emulator::fence_memory(); }

inline float __fadd_rn(float a, float b) { return a + b; }
inline float __fmul_rn(float a, float b) { return a * b; }
inline float __expf(float x) { return std::exp(x); }
inline float rsqrtf(float x) { return static_cast<float>(1 / std::sqrt(static_cast<double>(x))); }
inline float __fdividef(float a, float b) {
  return std::abs(b) > 0x1p126f && std::isfinite(b) ? 0 * a : a / b;
}
inline unsigned __float_as_uint(float x) { return std::bit_cast<unsigned>(x); }
inline float __uint_as_float(unsigned x) { return std::bit_cast<float>(x); }
