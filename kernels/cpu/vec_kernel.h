// vec.h, written once over simd.h.
#pragma once

#include "kernels/cpu/simd_math.h"
#include "kernels/cpu/vec.h"

namespace yent {
namespace {

inline int part(int columns, int at) { return columns - at < W ? columns - at : W; }
inline V magnitude(V v) { return max(v, sub(zero(), v)); }

template <Element E>
inline V load_as(const void* x, size_t at, int n) {
  if constexpr (E == Element::bf16) return load_bf16(static_cast<const uint16_t*>(x) + at, n);
  return load_part(static_cast<const float*>(x) + at, n);
}

template <Element E>
inline void store_as(void* out, size_t at, V v, V codes_per_one, int n) {
  if constexpr (E == Element::i8) {
    const V code = min(max(mul(v, codes_per_one), set1(-127)), set1(127));
    store_i8(static_cast<int8_t*>(out) + at, round_even(code), n);
  } else if constexpr (E == Element::bf16) {
    store_bf16(static_cast<uint16_t*>(out) + at, v, n);
  } else {
    store_part(static_cast<float*>(out) + at, v, n);
  }
}

template <Element X>
void column_sums_of(float* sums, const void* x, size_t ld, int rows, int columns) {
  for (int c = 0; c < columns; c += W) {
    const int n = part(columns, c);
    V total = zero();
    for (int r = 0; r < rows; ++r) total = add(total, load_as<X>(x, r * ld + c, n));
    store_part(sums + c, total, n);
  }
}

void column_sums(float* sums, const void* x, Element type, size_t ld, int rows, int columns) {
  const auto of =
      type == Element::bf16 ? column_sums_of<Element::bf16> : column_sums_of<Element::f32>;
  of(sums, x, ld, rows, columns);
}

template <Element X>
void column_moments_of(float* deviations, float* squares, float* least, float* most, const void* x,
                       size_t ld, int rows, int columns, const float* centers) {
  for (int c = 0; c < columns; c += W) {
    const int n = part(columns, c);
    const V center = load_part(centers + c, n);
    V first = zero(), second = zero();
    V low = load_as<X>(x, c, n), high = low;
    for (int r = 0; r < rows; ++r) {
      const V value = load_as<X>(x, r * ld + c, n);
      const V d = sub(value, center);
      first = add(first, d);
      second = fma(d, d, second);
      low = min(low, value);
      high = max(high, value);
    }
    store_part(deviations + c, first, n);
    store_part(squares + c, second, n);
    if (least) store_part(least + c, low, n), store_part(most + c, high, n);
  }
}

void column_moments(float* deviations, float* squares, float* least, float* most, const void* x,
                    Element type, size_t ld, int rows, int columns, const float* centers) {
  const auto of =
      type == Element::bf16 ? column_moments_of<Element::bf16> : column_moments_of<Element::f32>;
  of(deviations, squares, least, most, x, ld, rows, columns, centers);
}

// What a row is made of and into, fixed at compile time: call(F<X, Out>) for the types given.
template <template <Element, Element> class F, class... Args>
inline void for_types(Element x, Element out, Args... args) {
  constexpr Element f32 = Element::f32, bf16 = Element::bf16, i8 = Element::i8;
  if (x == bf16) {
    if (out == i8) return F<bf16, i8>::run(args...);
    if (out == bf16) return F<bf16, bf16>::run(args...);
    return F<bf16, f32>::run(args...);
  }
  if (out == i8) return F<f32, i8>::run(args...);
  if (out == bf16) return F<f32, bf16>::run(args...);
  F<f32, f32>::run(args...);
}

template <Element X, Element Out>
struct Normalize {
  static void run(void* out, float codes_per_one, const void* x, int columns, const float* center,
                  const float* gain, const float* shift, Activation fn) {
    const V factor = set1(codes_per_one);
    for (int c = 0; c < columns; c += W) {
      const int n = part(columns, c);
      const V d = sub(load_as<X>(x, c, n), load_part(center + c, n));
      const V y = fma(d, load_part(gain + c, n), load_part(shift + c, n));
      store_as<Out>(out, c, apply(fn, y), factor, n);
    }
  }
};

void normalize(void* out, Element out_type, float codes_per_one, const void* x, Element type,
               int columns, const float* center, const float* gain, const float* shift,
               Activation fn) {
  for_types<Normalize>(type, out_type, out, codes_per_one, x, columns, center, gain, shift, fn);
}

template <Element X, Element Out>
struct LayerNorm {
  static void run(void* out, const void* x, int columns, const float* weight, const float* bias,
                  float eps) {
    V total = zero();
    for (int c = 0; c < columns; c += W) total = add(total, load_as<X>(x, c, part(columns, c)));
    const V center = set1(sum(total) / columns);
    V first = zero(), second = zero();
    for (int c = 0; c < columns; c += W) {
      const int n = part(columns, c);
      V d = sub(load_as<X>(x, c, n), center);
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
      V y = mul(sub(load_as<X>(x, c, n), mean), scale);
      if (weight) y = mul(y, load_part(weight + c, n));
      if (bias) y = add(y, load_part(bias + c, n));
      store_as<Out>(out, c, y, scale, n);
    }
  }
};

void layer_norm(void* out, Element out_type, const void* x, Element type, int columns,
                const float* weight, const float* bias, float eps) {
  for_types<LayerNorm>(type, out_type, out, x, columns, weight, bias, eps);
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

template <Element X>
float peak_of(const void* x, int columns) {
  // A maximum may lose a NaN; x - x is 0 for numbers and NaN for the rest, and a sum keeps it.
  V top = zero(), wrong = zero();
  for (int c = 0; c < columns; c += W) {
    const V v = load_as<X>(x, c, part(columns, c));
    top = max(top, magnitude(v));
    wrong = add(wrong, sub(v, v));
  }
  return greatest(top) + sum(wrong);
}

float peak(const void* x, Element type, int columns) {
  return type == Element::bf16 ? peak_of<Element::bf16>(x, columns)
                               : peak_of<Element::f32>(x, columns);
}

template <Element X, Element Out>
struct Convert {
  static void run(void* out, float codes_per_one, const void* x, int columns) {
    const V factor = set1(codes_per_one);
    for (int c = 0; c < columns; c += W) {
      const int n = part(columns, c);
      store_as<Out>(out, c, load_as<X>(x, c, n), factor, n);
    }
  }
};

void convert(void* out, Element out_type, float codes_per_one, const void* x, Element type,
             int columns) {
  for_types<Convert>(type, out_type, out, codes_per_one, x, columns);
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
          normalize, layer_norm, rms_norm,   peak,       convert,     widen};
}

}  // namespace
}  // namespace yent
