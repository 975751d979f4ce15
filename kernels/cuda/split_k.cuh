// Products whose depth is split over several blocks: each stores its sums, and the last one of a
// tile that comes to an end adds up all slices and stores the result.
#pragma once

#include "kernels/cuda/device.cuh"

namespace yent::cuda {

// Whether all slices' sums of this block's tile are in memory. `arrived` counts the tile's blocks
// and is 0 again when the kernel ends. `shared` is memory that the block has done with.
__device__ inline bool is_last_slice(int* arrived, int slices, int* shared) {
  __syncthreads();
  if (threadIdx.x == 0) {
    __threadfence();  // the sums of this block come before its count,
    *shared = atomicAdd(arrived, 1);
    __threadfence();  // and those of others after theirs
  }
  __syncthreads();
  if (*shared < slices - 1) return false;
  if (threadIdx.x == 0) atomicExch(arrived, 0);
  return true;
}

// Where a block stores its sums, from `column` on.
template <class Args>
__device__ inline size_t partial_at(const Args& p, int slice, int row, int column) {
  return (static_cast<size_t>(slice) * p.m + row) * p.n + column;
}

template <class Sum, int n, class Args>
__device__ inline void store_partial(const Args& p, int row, int column, const Sum (&sum)[n]) {
  struct alignas(n * sizeof(Sum)) Whole {
    Sum v[n];
  };
  Sum* to = static_cast<Sum*>(p.partial) + partial_at(p, blockIdx.y, row, column);
  if (p.n % n == 0) {
    Whole whole;
#pragma unroll
    for (int i = 0; i < n; ++i) whole.v[i] = sum[i];
    store_whole(to, whole);
    return;
  }
#pragma unroll
  for (int i = 0; i < n; ++i) {
    if (column + i < p.n) to[i] = sum[i];
  }
}

// The slices are added in order, so that the result is the same every time.
template <class Sum, int n, class Args>
__device__ inline void add_slices(const Args& p, int row, int column, float (&v)[n]) {
  struct alignas(n * sizeof(Sum)) Whole {
    Sum v[n];
  };
  Sum sum[n] = {};
  for (int s = 0; s < p.slices; ++s) {
    const Sum* from = static_cast<const Sum*>(p.partial) + partial_at(p, s, row, column);
    if (p.n % n == 0) {
      const Whole whole = load_whole<Whole>(from);
#pragma unroll
      for (int i = 0; i < n; ++i) sum[i] += whole.v[i];
    } else {
#pragma unroll
      for (int i = 0; i < n; ++i) sum[i] += column + i < p.n ? from[i] : 0;
    }
  }
#pragma unroll
  for (int i = 0; i < n; ++i) v[i] = static_cast<float>(sum[i]);
}

}  // namespace yent::cuda
