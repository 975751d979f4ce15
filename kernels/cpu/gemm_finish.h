// Gemm::finish for rows whose sums lie as [mr][nr]: from sums to stored outputs.
#pragma once

#include "kernels/cpu/gemm.h"
#include "kernels/cpu/simd_math.h"

namespace yent {
namespace {

inline const char* element_at(const void* data, Element type, size_t at) {
  return static_cast<const char*>(data) + at * (type == Element::bf16 ? 2 : 4);
}

inline V load_element(const void* p, Element type, int n) {
  if (type == Element::bf16) return load_bf16(static_cast<const uint16_t*>(p), n);
  return n == W ? load(static_cast<const float*>(p)) : load_part(static_cast<const float*>(p), n);
}

// Where a row's outputs go and what is added to them; pointers may be null but for `out`.
struct FinishRow {
  const GemmTile& t;
  char* out;
  const float* row_bias;
  const char* residual;
  int width;  // of the output

  FinishRow(const GemmTile& tile, int row)
      : t(tile),
        out(const_cast<char*>(element_at(t.out, t.out_type, row * t.out_ld))),
        row_bias(t.row_bias ? t.row_bias[row] : nullptr),
        residual(t.residual ? element_at(t.residual, t.residual_type, row * t.residual_ld)
                            : nullptr),
        width(t.gated ? t.columns / 2 : t.columns) {}

  // One vector after fn.
  void put(int at, V value) const {
    const int n = width - at < W ? width - at : W;
    if (row_bias) value = add(value, n == W ? load(row_bias + at) : load_part(row_bias + at, n));
    if (residual) {
      value =
          add(value, load_element(element_at(residual, t.residual_type, at), t.residual_type, n));
    }
    if (t.out_type == Element::bf16) {
      store_bf16(reinterpret_cast<uint16_t*>(out) + at, value, n);
    } else if (n == W) {
      store(reinterpret_cast<float*>(out) + at, value);
    } else {
      store_part(reinterpret_cast<float*>(out) + at, value, n);
    }
  }

  void plain(const float* sums) const {
    for (int at = 0; at < width; at += W) {
      put(at, apply(t.fn, add(load(sums + at), load(t.bias + at))));
    }
  }

  void gated(const float* sums) const {
    for (int at = 0; at < width; at += W) {
      V value, gate, value_bias, gate_bias;
      split(sums + 2 * at, &value, &gate);
      split(t.bias + 2 * at, &value_bias, &gate_bias);
      put(at, mul(add(value, value_bias), apply(t.fn, add(gate, gate_bias))));
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
