// vec.h, written once over simd.h.
#pragma once

#include "kernels/cpu/simd_math.h"
#include "kernels/cpu/vec.h"

namespace yent {
namespace {

inline int part(int columns, int at) { return columns - at < W ? columns - at : W; }
inline V magnitude(V v) { return max(v, sub(zero(), v)); }

void column_sums(float* sums, const float* x, size_t ld, int rows, int columns) {
  for (int c = 0; c < columns; c += W) {
    const int n = part(columns, c);
    V total = zero();
    for (int r = 0; r < rows; ++r) total = add(total, load_part(x + r * ld + c, n));
    store_part(sums + c, total, n);
  }
}

void column_moments(float* deviations, float* squares, const float* x, size_t ld, int rows,
                    int columns, const float* centers) {
  for (int c = 0; c < columns; c += W) {
    const int n = part(columns, c);
    const V center = load_part(centers + c, n);
    V first = zero(), second = zero();
    for (int r = 0; r < rows; ++r) {
      const V d = sub(load_part(x + r * ld + c, n), center);
      first = add(first, d);
      second = fma(d, d, second);
    }
    store_part(deviations + c, first, n);
    store_part(squares + c, second, n);
  }
}

void normalize(float* out, size_t out_ld, const float* x, size_t ld, int rows, int columns,
               const float* center, const float* gain, const float* shift, Activation fn) {
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; c += W) {
      const int n = part(columns, c);
      const V d = sub(load_part(x + r * ld + c, n), load_part(center + c, n));
      const V y = fma(d, load_part(gain + c, n), load_part(shift + c, n));
      store_part(out + r * out_ld + c, apply(fn, y), n);
    }
  }
}

void layer_norm(float* out, const float* x, int columns, const float* weight, const float* bias,
                float eps) {
  V total = zero();
  for (int c = 0; c < columns; c += W) total = add(total, load_part(x + c, part(columns, c)));
  const V center = set1(sum(total) / columns);
  V first = zero(), second = zero();
  for (int c = 0; c < columns; c += W) {
    const int n = part(columns, c);
    V d = sub(load_part(x + c, n), center);
    if (n < W) {
      // Lanes past the end read as 0 and would count as -center.
      float lanes[W] = {};
      store_part(lanes, d, n);
      d = load(lanes);
    }
    first = add(first, d);
    second = fma(d, d, second);
  }
  // What the rounded mean missed, by the deviations from it.
  const float missed = sum(first) / columns;
  const float spread = sum(second) / columns - missed * missed;
  const float variance = spread < 0 ? 0 : spread;  // a row of one huge number rounds below 0
  const V mean = add(center, set1(missed));
  const V scale = set1(1 / __builtin_sqrtf(variance + eps));
  for (int c = 0; c < columns; c += W) {
    const int n = part(columns, c);
    V y = mul(sub(load_part(x + c, n), mean), scale);
    if (weight) y = mul(y, load_part(weight + c, n));
    if (bias) y = add(y, load_part(bias + c, n));
    store_part(out + c, y, n);
  }
}

void rms_norm(float* out, const float* x, int columns, const float* weight, float eps) {
  V squares = zero();
  for (int c = 0; c < columns; c += W) {
    const V v = load_part(x + c, part(columns, c));
    squares = fma(v, v, squares);
  }
  const V scale = set1(1 / __builtin_sqrtf(sum(squares) / columns + eps));
  for (int c = 0; c < columns; c += W) {
    const int n = part(columns, c);
    V y = mul(load_part(x + c, n), scale);
    if (weight) y = mul(y, load_part(weight + c, n));
    store_part(out + c, y, n);
  }
}

float peak(const float* x, int columns) {
  // A maximum may lose a NaN; x - x is 0 for numbers and NaN for the rest, and a sum keeps it.
  V top = zero(), wrong = zero();
  for (int c = 0; c < columns; c += W) {
    const V v = load_part(x + c, part(columns, c));
    top = max(top, magnitude(v));
    wrong = add(wrong, sub(v, v));
  }
  return greatest(top) + sum(wrong);
}

void quantize(int8_t* codes, const float* x, int columns, float scale) {
  const V divisor = set1(scale);
  for (int c = 0; c < columns; c += W) {
    float lanes[W];
    store(lanes, round_even(div(load_part(x + c, part(columns, c)), divisor)));
    for (int i = 0; i < part(columns, c); ++i) codes[c + i] = static_cast<int8_t>(lanes[i]);
  }
}

void widen(float* out, const uint16_t* half, size_t count) {
  for (size_t i = 0; i < count; i += W) store(out + i, load_f16(half + i));
}

constexpr int chains = 12;  // enough to hide the latency, few enough for 16 registers

float fma_rounds(int rounds, float x) {
  V total[chains];
  for (int i = 0; i < chains; ++i) total[i] = set1(static_cast<float>(i));
  const V factor = set1(x);
  for (int r = 0; r < rounds; ++r) {
#pragma GCC unroll 16
    for (int i = 0; i < chains; ++i) total[i] = fma(total[i], factor, factor);
  }
  for (int i = 1; i < chains; ++i) total[0] = add(total[0], total[i]);
  return sum(total[0]);
}

constexpr Vec vec(const char* name, Isa isa) {
  return {name,      isa,        chains * W, fma_rounds, column_sums, column_moments,
          normalize, layer_norm, rms_norm,   peak,       quantize,    widen};
}

}  // namespace
}  // namespace yent
