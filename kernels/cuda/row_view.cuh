// Reading and writing rows of halves or floats, alone or eight columns at a time.
#pragma once

#include <cuda_fp16.h>

#include "kernels/cuda/activation.cuh"
#include "kernels/cuda/device.cuh"
#include "kernels/cuda/ops.h"

namespace yent::cuda {

// The same bits as another type.
template <class To, class From>
__device__ inline To bits_of(const From& from) {
  static_assert(sizeof(To) == sizeof(From));
  To to;
  memcpy(static_cast<void*>(&to), &from, sizeof(to));
  return to;
}

// Two floats as a register of halves, the first in the low half.
__device__ inline uint32_t pack_halves(float low, float high) {
  return bits_of<uint32_t>(__floats2half2_rn(low, high));
}

__device__ inline float load(const RowView& x, int row, int column) {
  const size_t at = static_cast<size_t>(row) * x.ld + column;
  return x.f32 ? static_cast<const float*>(x.data)[at]
               : __half2float(static_cast<const __half*>(x.data)[at]);
}

__device__ inline void store(const RowView& x, int row, int column, float value) {
  const size_t at = static_cast<size_t>(row) * x.ld + column;
  if (x.f32) {
    static_cast<float*>(x.data)[at] = value;
  } else {
    static_cast<__half*>(x.data)[at] = __float2half_rn(value);
  }
}

// Two or four columns from `column` on; they must be at an aligned address.
__device__ inline void load_columns(const RowView& x, int row, int column, float (&v)[2]) {
  const size_t at = static_cast<size_t>(row) * x.ld + column;
  const float2 pair =
      x.f32 ? load_whole<float2>(static_cast<const float*>(x.data) + at)
            : __half22float2(load_whole<__half2>(static_cast<const __half*>(x.data) + at));
  v[0] = pair.x, v[1] = pair.y;
}
__device__ inline void load_columns(const RowView& x, int row, int column, float (&v)[4]) {
  const size_t at = static_cast<size_t>(row) * x.ld + column;
  if (x.f32) {
    const float4 four = load_whole<float4>(static_cast<const float*>(x.data) + at);
    v[0] = four.x, v[1] = four.y, v[2] = four.z, v[3] = four.w;
  } else {
    const uint2 words = load_whole<uint2>(static_cast<const __half*>(x.data) + at);
    const float2 low = __half22float2(bits_of<__half2>(words.x));
    const float2 high = __half22float2(bits_of<__half2>(words.y));
    v[0] = low.x, v[1] = low.y, v[2] = high.x, v[3] = high.y;
  }
}

__device__ inline void store_columns(const RowView& x, int row, int column, const float (&v)[2]) {
  const size_t at = static_cast<size_t>(row) * x.ld + column;
  if (x.f32) {
    store_whole(static_cast<float*>(x.data) + at, make_float2(v[0], v[1]));
  } else {
    store_whole(static_cast<__half*>(x.data) + at, __floats2half2_rn(v[0], v[1]));
  }
}
__device__ inline void store_columns(const RowView& x, int row, int column, const float (&v)[4]) {
  const size_t at = static_cast<size_t>(row) * x.ld + column;
  if (x.f32) {
    store_whole(static_cast<float*>(x.data) + at, make_float4(v[0], v[1], v[2], v[3]));
  } else {
    store_whole(static_cast<__half*>(x.data) + at,
                make_uint2(pack_halves(v[0], v[1]), pack_halves(v[2], v[3])));
  }
}

// Columns [column, column + count) into v, zeros after them. `column` is a multiple of 8.
__device__ inline void load8(const RowView& x, int row, int column, int count, float (&v)[8]) {
  const size_t at = static_cast<size_t>(row) * x.ld + column;
  if (x.wide && count == 8) {
    if (x.f32) {
      const float* from = static_cast<const float*>(x.data) + at;
      const float4 low = load_whole<float4>(from), high = load_whole<float4>(from + 4);
      v[0] = low.x, v[1] = low.y, v[2] = low.z, v[3] = low.w;
      v[4] = high.x, v[5] = high.y, v[6] = high.z, v[7] = high.w;
    } else {
      const uint4 chunk = load_whole<uint4>(static_cast<const __half*>(x.data) + at);
      const uint32_t words[] = {chunk.x, chunk.y, chunk.z, chunk.w};
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        const float2 pair = __half22float2(bits_of<__half2>(words[i]));
        v[2 * i] = pair.x, v[2 * i + 1] = pair.y;
      }
    }
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) v[i] = i < count ? load(x, row, column + i) : 0;
}

__device__ inline void store8(const RowView& x, int row, int column, int count,
                              const float (&v)[8]) {
  const size_t at = static_cast<size_t>(row) * x.ld + column;
  if (x.wide && count == 8) {
    if (x.f32) {
      float* to = static_cast<float*>(x.data) + at;
      store_whole(to, make_float4(v[0], v[1], v[2], v[3]));
      store_whole(to + 4, make_float4(v[4], v[5], v[6], v[7]));
    } else {
      uint32_t words[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        words[i] = bits_of<uint32_t>(__floats2half2_rn(v[2 * i], v[2 * i + 1]));
      }
      store_whole(static_cast<__half*>(x.data) + at,
                  make_uint4(words[0], words[1], words[2], words[3]));
    }
    return;
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) {
    if (i < count) store(x, row, column + i, v[i]);
  }
}

__device__ inline float load(const CatRows& x, int row, int column) {
  return column < x.seam ? load(x.a, row, column) : load(x.b, row, column - x.seam);
}

__device__ inline void load8(const CatRows& x, int row, int column, float (&v)[8]) {
  const int count = min(8, x.columns - column);
  if (column + 8 <= x.seam || x.seam == x.columns) return load8(x.a, row, column, count, v);
  if (column >= x.seam && x.seam % 8 == 0) {
    return load8(x.b, row, column - x.seam, count, v);
  }
#pragma unroll
  for (int i = 0; i < 8; ++i) v[i] = i < count ? load(x, row, column + i) : 0;
}

// Sum over a warp, the same for all its lanes.
__device__ inline float warp_sum(float x) {
#pragma unroll
  for (int apart = 16; apart > 0; apart /= 2) x += __shfl_xor_sync(0xffffffff, x, apart);
  return x;
}
__device__ inline float warp_max(float x) {
#pragma unroll
  for (int apart = 16; apart > 0; apart /= 2) {
    x = fmaxf(x, __shfl_xor_sync(0xffffffff, x, apart));
  }
  return x;
}

// Neighbours of a vector of floats; `from` is a multiple of their number.
__device__ inline void load_floats(const float* from, float (&v)[2]) {
  const float2 pair = load_whole<float2>(from);
  v[0] = pair.x, v[1] = pair.y;
}
__device__ inline void load_floats(const float* from, float (&v)[4]) {
  const float4 four = load_whole<float4>(from);
  v[0] = four.x, v[1] = four.y, v[2] = four.z, v[3] = four.w;
}

// Elements [column, column + count) of a vector of floats, `fill` where there is no vector.
// `column` is a multiple of 8.
__device__ inline void load8(const float* from, int column, int count, float fill, float (&v)[8]) {
#pragma unroll
  for (int i = 0; i < 8; i += 4) {
    float four[4] = {fill, fill, fill, fill};
    if (from && count == 8) {
      load_floats(from + column + i, four);
    } else if (from) {
#pragma unroll
      for (int k = 0; k < 4; ++k) {
        if (i + k < count) four[k] = from[column + i + k];
      }
    }
#pragma unroll
    for (int k = 0; k < 4; ++k) v[i + k] = four[k];
  }
}

// Adds row_bias and residual to n columns of the output, and stores them.
template <int n>
__device__ inline void add_and_store(const GemmEpilogue& f, int row, int column, float (&v)[n]) {
  if constexpr (n > 1) {
    if (2 * f.pairs >= n && column + n <= f.columns) {
      float more[n];
      if (f.row_bias.data) {
        load_columns(f.row_bias, row / f.image_rows, column, more);
#pragma unroll
        for (int i = 0; i < n; ++i) v[i] += more[i];
      }
      if (f.residual.data) {
        load_columns(f.residual, row, column, more);
#pragma unroll
        for (int i = 0; i < n; ++i) v[i] += more[i];
      }
      store_columns(f.out, row, column, v);
      return;
    }
  }
#pragma unroll
  for (int i = 0; i < n; ++i) {
    if (column + i >= f.columns) return;
    if (f.row_bias.data) v[i] += load(f.row_bias, row / f.image_rows, column + i);
    if (f.residual.data) v[i] += load(f.residual, row, column + i);
    store(f.out, row, column + i, v[i]);
  }
}

// Applies the epilogue to the sums of n columns of the product, 2 or 4, and stores them. `column`
// is a multiple of n.
template <int n>
__device__ inline void finish(const GemmEpilogue& f, int row, int column, float (&v)[n]) {
  float more[n];
  if (f.column_scale) {
    const float scale = f.row_scale[row / f.scale_rows];
    load_floats(f.column_scale + column, more);
#pragma unroll
    for (int i = 0; i < n; ++i) v[i] *= more[i] * scale;
  }
  if (f.bias) {
    load_floats(f.bias + column, more);
#pragma unroll
    for (int i = 0; i < n; ++i) v[i] += more[i];
  }
  if (f.gated) {
    float gated[n / 2];
#pragma unroll
    for (int i = 0; i < n / 2; ++i) gated[i] = v[2 * i] * apply(f.fn, v[2 * i + 1]);
    return add_and_store(f, row, column / 2, gated);
  }
#pragma unroll
  for (int i = 0; i < n; ++i) v[i] = apply(f.fn, v[i]);
  add_and_store(f, row, column, v);
}

__device__ inline void store_pair(const GemmEpilogue& f, int row, int column, float a, float b) {
  float v[] = {a, b};
  finish(f, row, column, v);
}

}  // namespace yent::cuda
