// row_kernels.h on f32, the same bits on every instruction set: sums go to sixteen virtual lanes,
// element c to lane c % 16, and the lanes are added in one order; activation functions are those
// for f32 whatever is stored. All else in row_kernels_simd.h works element by element, or finds a
// maximum, or adds along a column, and has the same bits as it is.
#pragma once

#include "kernels/cpu/rowwise/row_kernels_simd.h"

namespace yent {
namespace {

constexpr int exact_lanes = 16, lane_vectors = exact_lanes / W;

// The vector, of which lanes from n on are 0.
inline V only(V v, int n) {
  if (n == W) return v;
  float lanes[W] = {};
  store_part(lanes, v, n);
  return load(lanes);
}

// The sum of terms(c, n, sum) over the vectors of a row, each added by `terms` to the sum it is
// given.
template <class Terms>
inline float sum_in_order(int columns, const Terms& terms) {
  V sums[lane_vectors];
  for (V& sum : sums) sum = zero();
  for (int c = 0; c < columns; c += exact_lanes) {
    for (int i = 0; i < lane_vectors && c + i * W < columns; ++i) {
      sums[i] = terms(c + i * W, part(columns, c + i * W), sums[i]);
    }
  }
  float lanes[exact_lanes];
  for (int i = 0; i < lane_vectors; ++i) store(lanes + i * W, sums[i]);
  for (int half = exact_lanes / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

inline V load_f32(const float* x, int c, int n) { return load_as<Element::f32>(x, c, n); }

// NOLINTBEGIN(readability-function-size): they implement the function pointers of row_kernels.h

template <Element Out, Fn F>
void normalize_exact_of(void* out, size_t out_ld, float inverse_scale, const float* x, size_t ld,
                        int rows, int columns, const float* center, const float* gain,
                        const float* shift) {
  const V factor = set1(inverse_scale);
  for (int r = 0; r < rows; ++r) {
    each_vector(columns, [&](int c, int n) {
      const V d = sub(load_f32(x + r * ld, c, n), load_f32(center, c, n));
      const V y = fma(d, load_f32(gain, c, n), load_f32(shift, c, n));
      store_as<Out>(out, r * out_ld + c, apply(F, y), factor, n);
    });
  }
}

void normalize_exact(void* out, Element out_type, size_t out_ld, float inverse_scale, const void* x,
                     Element, size_t ld, int rows, int columns, const float* center,
                     const float* gain, const float* shift, Fn fn) {
  const auto by = [&](auto quantized, auto floats) {
    (out_type == Element::i8 ? quantized : floats)(out, out_ld, inverse_scale,
                                                   static_cast<const float*>(x), ld, rows, columns,
                                                   center, gain, shift);
  };
  switch (fn) {
    case Fn::none:
      return by(normalize_exact_of<Element::i8, Fn::none>,
                normalize_exact_of<Element::f32, Fn::none>);
    case Fn::silu:
      return by(normalize_exact_of<Element::i8, Fn::silu>,
                normalize_exact_of<Element::f32, Fn::silu>);
    case Fn::gelu:
      return by(normalize_exact_of<Element::i8, Fn::gelu>,
                normalize_exact_of<Element::f32, Fn::gelu>);
    case Fn::quick_gelu:
      return by(normalize_exact_of<Element::i8, Fn::quick_gelu>,
                normalize_exact_of<Element::f32, Fn::quick_gelu>);
    case Fn::relu_squared:
      return by(normalize_exact_of<Element::i8, Fn::relu_squared>,
                normalize_exact_of<Element::f32, Fn::relu_squared>);
  }
}

float layer_norm_exact(void* out, Element, const void* x, Element, int columns, const float* weight,
                       const float* bias, float eps) {
  const auto* from = static_cast<const float*>(x);
  const float n_columns = static_cast<float>(columns);
  const float total =
      sum_in_order(columns, [&](int c, int n, V sum) { return add(sum, load_f32(from, c, n)); });
  const V mean = set1(total / n_columns);
  const float squares = sum_in_order(columns, [&](int c, int n, V sum) {
    const V d = only(sub(load_f32(from, c, n), mean), n);
    return fma(d, d, sum);
  });
  const V scale = set1(1 / __builtin_sqrtf(squares / n_columns + eps));
  V top = zero();
  each_vector(columns, [&](int c, int n) {
    V y = mul(sub(load_f32(from, c, n), mean), scale);
    if (weight) y = mul(y, load_f32(weight, c, n));
    if (bias) y = add(y, load_f32(bias, c, n));
    store_as<Element::f32>(out, c, y, scale, n);
    top = max(top, magnitude(only(y, n)));
  });
  return greatest(top) + (squares - squares);
}

// NOLINTEND(readability-function-size)

void rms_norm_exact(float* out, const float* x, int columns, const float* weight, float eps) {
  const float squares = sum_in_order(columns, [&](int c, int n, V sum) {
    const V v = load_f32(x, c, n);
    return fma(v, v, sum);
  });
  const V scale = set1(1 / __builtin_sqrtf(squares / static_cast<float>(columns) + eps));
  each_vector(columns, [&](int c, int n) {
    V y = mul(load_f32(x, c, n), scale);
    if (weight) y = mul(y, load_f32(weight, c, n));
    store_as<Element::f32>(out, c, y, scale, n);
  });
}

constexpr RowKernels row_kernels_exact(const char* name, Isa isa) {
  RowKernels kernels = row_kernels(name, isa);
  kernels.normalize = normalize_exact;
  kernels.layer_norm = layer_norm_exact;
  kernels.rms_norm = rms_norm_exact;
  return kernels;
}

}  // namespace
}  // namespace yent
