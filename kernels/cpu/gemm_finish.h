// Gemm::finish for rows whose sums lie as [mr][nr]: from sums to stored outputs.
#pragma once

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/simd_math.h"

namespace yent {
namespace {

// One vector of an output row after fn; `at` counts output columns.
inline void finish_vector(const GemmTile& t, int row, int at, int width, V value) {
  const int n = width - at < W ? width - at : W;
  if (t.row_bias) value = add(value, load_part(t.row_bias[row] + at, n));
  if (t.residual) value = add(value, load_part(t.residual + row * t.residual_ld + at, n));
  store_part(t.out + row * t.out_ld + at, value, n);
}

inline void finish_row(const GemmTile& t, int row, const float* sums) {
  if (t.gated) {
    for (int at = 0; at < t.columns / 2; at += W) {
      V value, gate, value_bias, gate_bias;
      split(sums + 2 * at, &value, &gate);
      split(t.bias + 2 * at, &value_bias, &gate_bias);
      const V opened = apply(t.fn, add(gate, gate_bias));
      finish_vector(t, row, at, t.columns / 2, mul(add(value, value_bias), opened));
    }
  } else {
    for (int at = 0; at < t.columns; at += W) {
      const V value = apply(t.fn, add(load(sums + at), load(t.bias + at)));
      finish_vector(t, row, at, t.columns, value);
    }
  }
}

template <int NR>
void finish(const GemmTile& t) {
  static_assert(NR % (2 * W) == 0, "a vector of values needs a vector of gates");
  for (int row = 0; row < t.rows; ++row) {
    finish_row(t, row, static_cast<const float*>(t.sums) + row * NR);
  }
}

// From int32 sums of codes: each is worth its column's times its row's scale.
template <int NR>
void finish_codes(const GemmTile& t) {
  for (int row = 0; row < t.rows; ++row) {
    const int32_t* sums = static_cast<const int32_t*>(t.sums) + row * NR;
    float values[NR];
    for (int j = 0; j < NR; j += W) {
      const V worth = mul(load_i32(sums + j), load(t.column_scale + j));
      store(values + j, mul(worth, set1(t.row_scale[row])));
    }
    finish_row(t, row, values);
  }
}

}  // namespace
}  // namespace yent
