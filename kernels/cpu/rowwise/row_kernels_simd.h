// row_kernels.h, written once over simd.h.
#pragma once

#include "kernels/cpu/rowwise/row_kernels.h"
#include "kernels/cpu/simd/simd_activation.h"

namespace yent {
namespace {

inline int part(int columns, int at) { return columns - at < W ? columns - at : W; }
inline V magnitude(V v) { return max(v, sub(zero(), v)); }

// n lanes; where n is known to be W, nothing is masked.
template <Element E>
inline V load_as(const void* x, size_t at, int n) {
  if constexpr (E == Element::bf16) return load_bf16(static_cast<const uint16_t*>(x) + at, n);
  const float* from = static_cast<const float*>(x) + at;
  return n == W ? load(from) : load_part(from, n);
}

template <Element E>
inline void store_as(void* out, size_t at, V v, V inverse_scale, int n) {
  if constexpr (E == Element::i8) {
    store_i8(static_cast<int8_t*>(out) + at, max(mul(v, inverse_scale), set1(-127)), n);
  } else if constexpr (E == Element::bf16) {
    store_bf16(static_cast<uint16_t*>(out) + at, v, n);
  } else {
    float* to = static_cast<float*>(out) + at;
    n == W ? store(to, v) : store_part(to, v, n);
  }
}

// Calls step(c, n) for every vector of a row; n is W for all but the last.
template <class Step>
inline __attribute__((always_inline)) void each_vector(int columns, const Step& step) {
  int c = 0;
  for (; c + W <= columns; c += W) step(c, W);
  if (c < columns) step(c, columns - c);
}

// NOLINTBEGIN(readability-function-size): they implement the function pointers of row_kernels.h

// `Wide` vectors side by side, so that no sum waits for itself.
template <Element X, int Wide>
void column_moments_of(float* deviations, float* squares, float* minimum, float* maximum,
                       const void* x, size_t ld, int rows, int c, int n, const float* centers) {
  V center[Wide], first[Wide], second[Wide], low[Wide], high[Wide];
  for (int i = 0; i < Wide; ++i) {
    center[i] = load_part(centers + c + i * W, n);
    first[i] = second[i] = zero();
    low[i] = high[i] = load_as<X>(x, c + i * W, n);
  }
  constexpr int line = 64 / element_bytes(X);
  for (int r = 0; r < rows; ++r) {
    for (int i = 0; i < Wide * W; i += line) {  // of the next call's rows
      __builtin_prefetch(static_cast<const char*>(x) +
                         ((r + rows) * ld + c + i) * element_bytes(X));
    }
    for (int i = 0; i < Wide; ++i) {
      const V value = load_as<X>(x, r * ld + c + i * W, n), d = sub(value, center[i]);
      first[i] = add(first[i], d);
      second[i] = fma(d, d, second[i]);
      low[i] = min(low[i], value);
      high[i] = max(high[i], value);
    }
  }
  for (int i = 0; i < Wide; ++i) {
    const int at = c + i * W;
    store_part(deviations + at, first[i], n);
    store_part(squares + at, second[i], n);
    store_part(minimum + at, low[i], n);
    store_part(maximum + at, high[i], n);
  }
}

template <Element X>
void column_moments_of(float* deviations, float* squares, float* minimum, float* maximum,
                       const void* x, size_t ld, int rows, int columns, const float* centers) {
  int c = 0;
  for (; c + 4 * W <= columns; c += 4 * W) {
    column_moments_of<X, 4>(deviations, squares, minimum, maximum, x, ld, rows, c, W, centers);
  }
  for (; c < columns; c += W) {
    const int n = part(columns, c);
    column_moments_of<X, 1>(deviations, squares, minimum, maximum, x, ld, rows, c, n, centers);
  }
}

void column_moments(float* deviations, float* squares, float* minimum, float* maximum,
                    const void* x, Element type, size_t ld, int rows, int columns,
                    const float* centers) {
  const auto of =
      type == Element::bf16 ? column_moments_of<Element::bf16> : column_moments_of<Element::f32>;
  of(deviations, squares, minimum, maximum, x, ld, rows, columns, centers);
}

// Calls F<x, out>::run(args), so that the types are known at compile time.
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
  template <Fn Fn>
  static void apply_fn(void* out, size_t out_ld, float inverse_scale, const void* x, size_t ld,
                       int rows, int columns, const float* center, const float* gain,
                       const float* shift) {
    constexpr int prefetch = 16, line = 64 / element_bytes(X);
    const V factor = set1(inverse_scale);
    for (int r = 0; r < rows; ++r) {
      const size_t from = r * ld, to = r * out_ld;
      for (int c = 0; c < columns; c += line) {
        __builtin_prefetch(static_cast<const char*>(x) +
                           (from + prefetch * ld + c) * element_bytes(X));
      }
      each_vector(columns, [&](int c, int n) {
        const auto vector = [&](const float* of) { return load_as<Element::f32>(of, c, n); };
        const V y =
            fma(sub(load_as<X>(x, from + c, n), vector(center)), vector(gain), vector(shift));
        store_as<Out>(out, to + c, Out == Element::f32 ? apply(Fn, y) : apply_short(Fn, y), factor,
                      n);
      });
    }
  }

  static void run(void* out, size_t out_ld, float inverse_scale, const void* x, size_t ld, int rows,
                  int columns, const float* center, const float* gain, const float* shift, Fn fn) {
    const auto by = [&](auto apply_it) {
      apply_it(out, out_ld, inverse_scale, x, ld, rows, columns, center, gain, shift);
    };
    switch (fn) {
      case Fn::none:
        return by(apply_fn<Fn::none>);
      case Fn::silu:
        return by(apply_fn<Fn::silu>);
      case Fn::gelu:
        return by(apply_fn<Fn::gelu>);
      case Fn::quick_gelu:
        return by(apply_fn<Fn::quick_gelu>);
      case Fn::relu_squared:
        return by(apply_fn<Fn::relu_squared>);
    }
  }
};

void normalize(void* out, Element out_type, size_t out_ld, float inverse_scale, const void* x,
               Element type, size_t ld, int rows, int columns, const float* center,
               const float* gain, const float* shift, Fn fn) {
  for_types<Normalize>(type, out_type, out, out_ld, inverse_scale, x, ld, rows, columns, center,
                       gain, shift, fn);
}

// Moments about the row's first value, which is never further from the mean than sqrt(columns)
// standard deviations.
template <Element X, Element Out>
float layer_norm_of(void* out, const void* x, int columns, const float* weight, const float* bias,
                    float eps) {
  float lanes[W];
  store(lanes, load_as<X>(x, 0, 1));
  const V center = set1(lanes[0]);
  V first = zero(), second = zero();
  each_vector(columns, [&](int c, int n) {
    V d = sub(load_as<X>(x, c, n), center);
    if (n < W) {  // lanes past the end read as 0 and would count as -center
      for (float& lane : lanes) lane = 0;
      store_part(lanes, d, n);
      d = load(lanes);
    }
    first = add(first, d);
    second = fma(d, d, second);
  });
  const float gap = sum(first) / columns, spread = sum(second) / columns - gap * gap;
  const float variance = spread < 0 ? 0 : spread;  // a row of one huge number rounds below 0
  const V mean = add(center, set1(gap)), scale = set1(1 / __builtin_sqrtf(variance + eps));
  V top = zero();
  each_vector(columns, [&](int c, int n) {
    V y = mul(sub(load_as<X>(x, c, n), mean), scale);
    if (weight) y = mul(y, load_as<Element::f32>(weight, c, n));
    if (bias) y = add(y, load_as<Element::f32>(bias, c, n));
    store_as<Out>(out, c, y, scale, n);
    if (n == W) top = max(top, magnitude(y));
    if (n < W) {
      for (float& lane : lanes) lane = 0;
      store_part(lanes, y, n);
      top = max(top, magnitude(load(lanes)));
    }
  });
  return greatest(top) + (spread - spread);
}

float layer_norm(void* out, Element out_type, const void* x, Element type, int columns,
                 const float* weight, const float* bias, float eps) {
  constexpr Element f32 = Element::f32, bf16 = Element::bf16;
  const auto of = type == bf16
                      ? (out_type == bf16 ? layer_norm_of<bf16, bf16> : layer_norm_of<bf16, f32>)
                      : (out_type == bf16 ? layer_norm_of<f32, bf16> : layer_norm_of<f32, f32>);
  return of(out, x, columns, weight, bias, eps);
}

// NOLINTEND(readability-function-size)

// Four sums side by side, so that none waits for itself.
inline float sum_of_squares(const float* x, int columns) {
  V sums[4] = {zero(), zero(), zero(), zero()};
  int c = 0;
  for (; c + 4 * W <= columns; c += 4 * W) {
    for (int i = 0; i < 4; ++i) {
      const V v = load(x + c + i * W);
      sums[i] = fma(v, v, sums[i]);
    }
  }
  for (; c < columns; c += W) {
    const V v = load_part(x + c, part(columns, c));
    sums[0] = fma(v, v, sums[0]);
  }
  return sum(add(add(sums[0], sums[1]), add(sums[2], sums[3])));
}

void rms_norm(float* out, const float* x, int columns, const float* weight, float eps) {
  const V scale = set1(1 / __builtin_sqrtf(sum_of_squares(x, columns) / columns + eps));
  each_vector(columns, [&](int c, int n) {
    V y = mul(load_as<Element::f32>(x, c, n), scale);
    if (weight) y = mul(y, load_as<Element::f32>(weight, c, n));
    store_as<Element::f32>(out, c, y, scale, n);
  });
}

// Products and sums apart, never fused: the same bits with every instruction set.
void rotate(float* x, const float* cosines, const float* sines, int pairs, bool interleaved) {
  int i = 0;
  for (; !interleaved && i + W <= pairs; i += W) {
    float *first = x + i, *second = first + pairs;
    const V a = load(first), b = load(second), cosine = load(cosines + i), sine = load(sines + i);
    store(first, sub(mul(a, cosine), mul(b, sine)));
    store(second, add(mul(a, sine), mul(b, cosine)));
  }
  const int step = interleaved ? 2 : 1, apart = interleaved ? 1 : pairs;
  for (; i < pairs; ++i) {
    float *first = x + i * step, *second = first + apart;
    const float a = *first, b = *second;
    *first = a * cosines[i] - b * sines[i];
    *second = a * sines[i] + b * cosines[i];
  }
}

template <Element X>
float absmax_of(const void* x, int columns) {
  // max() may lose a NaN. x - x is 0 where x is finite, else NaN, and a sum keeps a NaN.
  V top = zero(), wrong = zero();
  each_vector(columns, [&](int c, int n) {
    const V v = load_as<X>(x, c, n);
    top = max(top, magnitude(v));
    wrong = add(wrong, sub(v, v));
  });
  return greatest(top) + sum(wrong);
}

float absmax(const void* x, Element type, int columns) {
  return type == Element::bf16 ? absmax_bf16(static_cast<const uint16_t*>(x), columns)
                               : absmax_of<Element::f32>(x, columns);
}

template <Element X, Element Out>
struct Convert {
  static void run(void* out, float inverse_scale, const void* x, int columns) {
    const V factor = set1(inverse_scale);
    each_vector(columns,
                [&](int c, int n) { store_as<Out>(out, c, load_as<X>(x, c, n), factor, n); });
  }
};

void convert(void* out, Element out_type, float inverse_scale, const void* x, Element type,
             int columns) {
  for_types<Convert>(type, out_type, out, inverse_scale, x, columns);
}

void widen(float* out, const uint16_t* half, size_t count) {
  for (size_t i = 0; i < count; i += W) store(out + i, load_f16(half + i));
}

constexpr RowKernels row_kernels(const char* name, Isa isa) {
  return {.name = name,
          .isa = isa,
          .column_moments = column_moments,
          .normalize = normalize,
          .layer_norm = layer_norm,
          .rms_norm = rms_norm,
          .absmax = absmax,
          .convert = convert,
          .widen = widen,
          .rotate = rotate};
}

}  // namespace
}  // namespace yent
