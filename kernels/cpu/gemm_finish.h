// Gemm::finish for rows whose sums lie as [mr][nr]: from sums to stored outputs.
#pragma once

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/simd_math.h"

namespace yent {
namespace {

// Where a row's outputs go and what is added to them; pointers may be null but for `out`.
struct FinishRow {
  float* out;
  const float *bias, *row_bias, *residual;
  int width;  // of the output
  Activation fn;

  FinishRow(const GemmTile& t, int row)
      : out(t.out + row * t.out_ld),
        bias(t.bias),
        row_bias(t.row_bias ? t.row_bias[row] : nullptr),
        residual(t.residual ? t.residual + row * t.residual_ld : nullptr),
        width(t.gated ? t.columns / 2 : t.columns),
        fn(t.fn) {}

  // One vector after fn.
  void put(int at, V value) const {
    const int n = width - at;
    if (n >= W) {
      if (row_bias) value = add(value, load(row_bias + at));
      if (residual) value = add(value, load(residual + at));
      store(out + at, value);
    } else {
      if (row_bias) value = add(value, load_part(row_bias + at, n));
      if (residual) value = add(value, load_part(residual + at, n));
      store_part(out + at, value, n);
    }
  }

  void plain(const float* sums) const {
    for (int at = 0; at < width; at += W) {
      put(at, apply(fn, add(load(sums + at), load(bias + at))));
    }
  }

  void gated(const float* sums) const {
    for (int at = 0; at < width; at += W) {
      V value, gate, value_bias, gate_bias;
      split(sums + 2 * at, &value, &gate);
      split(bias + 2 * at, &value_bias, &gate_bias);
      put(at, mul(add(value, value_bias), apply(fn, add(gate, gate_bias))));
    }
  }
};

inline void finish_row(const GemmTile& t, int row, const float* sums) {
  const FinishRow to(t, row);
  if (t.gated) {
    to.gated(sums);
  } else {
    to.plain(sums);
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
