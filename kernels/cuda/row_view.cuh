// Reading and writing rows of halves or floats, alone or eight columns at a time.
#pragma once

#include <cuda_fp16.h>

#include "kernels/cuda/activation.cuh"
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

// Columns column and column + 1; both must be at an aligned address.
__device__ inline float2 load2(const RowView& x, int row, int column) {
  const size_t at = static_cast<size_t>(row) * x.ld + column;
  if (x.f32) return *reinterpret_cast<const float2*>(static_cast<const float*>(x.data) + at);
  return __half22float2(*reinterpret_cast<const __half2*>(static_cast<const __half*>(x.data) + at));
}

__device__ inline void store2(const RowView& x, int row, int column, float a, float b) {
  const size_t at = static_cast<size_t>(row) * x.ld + column;
  if (x.f32) {
    *reinterpret_cast<float2*>(static_cast<float*>(x.data) + at) = make_float2(a, b);
  } else {
    *reinterpret_cast<__half2*>(static_cast<__half*>(x.data) + at) = __floats2half2_rn(a, b);
  }
}

// Columns [column, column + count) into v, zeros after them. `column` is a multiple of 8.
__device__ inline void load8(const RowView& x, int row, int column, int count, float (&v)[8]) {
  const size_t at = static_cast<size_t>(row) * x.ld + column;
  if (x.wide && count == 8) {
    if (x.f32) {
      const float4* from = reinterpret_cast<const float4*>(static_cast<const float*>(x.data) + at);
      const float4 low = from[0], high = from[1];
      v[0] = low.x, v[1] = low.y, v[2] = low.z, v[3] = low.w;
      v[4] = high.x, v[5] = high.y, v[6] = high.z, v[7] = high.w;
    } else {
      const uint4 chunk = *reinterpret_cast<const uint4*>(static_cast<const __half*>(x.data) + at);
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
      float4* to = reinterpret_cast<float4*>(static_cast<float*>(x.data) + at);
      to[0] = make_float4(v[0], v[1], v[2], v[3]);
      to[1] = make_float4(v[4], v[5], v[6], v[7]);
    } else {
      uint32_t words[4];
#pragma unroll
      for (int i = 0; i < 4; ++i) {
        words[i] = bits_of<uint32_t>(__floats2half2_rn(v[2 * i], v[2 * i + 1]));
      }
      *reinterpret_cast<uint4*>(static_cast<__half*>(x.data) + at) =
          make_uint4(words[0], words[1], words[2], words[3]);
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

// Applies the epilogue to the sums of columns `column` and `column + 1` of the product, and stores
// them. `column` is even.
__device__ inline void store_pair(const GemmEpilogue& f, int row, int column, float a, float b) {
  if (f.column_scale) {
    const float scale = f.row_scale[row / f.scale_rows];
    a *= f.column_scale[column] * scale;
    b *= f.column_scale[column + 1] * scale;
  }
  if (f.bias) {
    a += f.bias[column];
    b += f.bias[column + 1];
  }
  if (f.gated) {
    column /= 2;
    if (column >= f.columns) return;
    a *= apply(f.fn, b);
    if (f.row_bias.data) a += load(f.row_bias, row / f.image_rows, column);
    if (f.residual.data) a += load(f.residual, row, column);
    store(f.out, row, column, a);
    return;
  }
  a = apply(f.fn, a);
  b = apply(f.fn, b);
  if (f.pairs && column + 1 < f.columns) {
    if (f.row_bias.data) {
      const float2 more = load2(f.row_bias, row / f.image_rows, column);
      a += more.x, b += more.y;
    }
    if (f.residual.data) {
      const float2 more = load2(f.residual, row, column);
      a += more.x, b += more.y;
    }
    store2(f.out, row, column, a, b);
    return;
  }
  const float values[] = {a, b};
#pragma unroll
  for (int i = 0; i < 2; ++i) {
    if (column + i >= f.columns) return;
    float value = values[i];
    if (f.row_bias.data) value += load(f.row_bias, row / f.image_rows, column + i);
    if (f.residual.data) value += load(f.residual, row, column + i);
    store(f.out, row, column + i, value);
  }
}

}  // namespace yent::cuda
