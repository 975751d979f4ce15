// winograd.h in f32, written once over simd.h. `In` says how the image and the panels of the weight
// are stored: f32, or bf16 that is widened. Products and sums are f32 in either case.
#pragma once

#include "kernels/cpu/conv/winograd.h"
#include "kernels/cpu/simd/simd.h"

namespace yent {
namespace {

// Panels [k][nr] and pixels of f32.
struct F32Input {
  static constexpr int bytes = 4, together = 1;  // channels that lie together in a panel
  static V pixel(const char* p) { return load(reinterpret_cast<const float*>(p)); }
  static V weight(const char* p, int) { return load(reinterpret_cast<const float*>(p)); }
};

// Panels [k / 2][nr][2] and pixels of bf16.
struct Bf16Input {
  static constexpr int bytes = 2, together = 2;
  static V pixel(const char* p) { return load_bf16(reinterpret_cast<const uint16_t*>(p)); }
  static V weight(const char* p, int i) {
    const V pair = load(reinterpret_cast<const float*>(p));
    return i ? high_bf16(pair) : low_bf16(pair);
  }
};

inline void put_vector(char* p, V v) { store(reinterpret_cast<float*>(p), v); }

// One side of a transform, for values that are `step` apart: B^T, G and A^T times a column. The
// matrices are those of Toom and Cook for the points 0, a, -a, b, -b (without -b for two taps) and
// infinity. With 3/4 and 3/2 for a and b, rounding errors are half of those with 1 and 2, which the
// integers need.
constexpr float a1 = 0.75f, b1 = 1.5f, a2 = a1 * a1, b2 = b1 * b1, a3 = a1 * a2, b3 = b1 * b2;

struct Taps3 {
  static constexpr int window = 6, taps = 3;

  static V end(V first, V middle, V last) {
    return fma(middle, set1(-a2 - b2), fma(first, set1(a2 * b2), last));
  }
  static void input(const V* d, int step, V* to) {
    const V d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
    const V even_a = fma(d2, set1(-b2), d4), odd_a = fma(d1, set1(-b2), d3);
    const V even_b = fma(d2, set1(-a2), d4), odd_b = fma(d1, set1(-a2), d3);
    to[0] = end(d[0], d2, d4);
    to[1] = fma(odd_a, set1(a1), even_a);
    to[2] = fma(odd_a, set1(-a1), even_a);
    to[3] = fma(odd_b, set1(b1), even_b);
    to[4] = fma(odd_b, set1(-b1), even_b);
    to[5] = end(d1, d3, d[5 * step]);
  }
  static void weight(const V* g, int step, V* to) {
    constexpr float by_a = 1 / (2 * a2 * (a2 - b2)), by_b = 1 / (2 * b2 * (b2 - a2));
    const V first = g[0], middle = g[step], last = g[2 * step];
    const V outer_a = mul(fma(last, set1(a2), first), set1(by_a));
    const V outer_b = mul(fma(last, set1(b2), first), set1(by_b));
    to[0] = mul(first, set1(1 / (a2 * b2)));
    to[1] = fma(middle, set1(a1 * by_a), outer_a);
    to[2] = fma(middle, set1(-a1 * by_a), outer_a);
    to[3] = fma(middle, set1(b1 * by_b), outer_b);
    to[4] = fma(middle, set1(-b1 * by_b), outer_b);
    to[5] = last;
  }
  static void output(const V* m, int step, V* to) {
    const V sum_a = add(m[step], m[2 * step]), gap_a = sub(m[step], m[2 * step]);
    const V sum_b = add(m[3 * step], m[4 * step]), gap_b = sub(m[3 * step], m[4 * step]);
    to[0] = add(add(m[0], sum_a), sum_b);
    to[1] = fma(gap_b, set1(b1), mul(gap_a, set1(a1)));
    to[2] = fma(sum_b, set1(b2), mul(sum_a, set1(a2)));
    to[3] = fma(gap_b, set1(b3), fma(gap_a, set1(a3), m[5 * step]));
  }
};

struct Taps2 {
  static constexpr int window = 5, taps = 2;

  static void input(const V* d, int step, V* to) {
    V q[4];  // without the root b
    for (int i = 0; i < 4; ++i) q[i] = fma(d[i * step], set1(-b1), d[(i + 1) * step]);
    to[0] = fma(q[0], set1(-a2), q[2]);
    to[1] = fma(q[1], set1(a1), q[2]);
    to[2] = fma(q[1], set1(-a1), q[2]);
    to[3] = fma(d[step], set1(-a2), d[3 * step]);
    to[4] = fma(q[1], set1(-a2), q[3]);
  }
  static void weight(const V* g, int step, V* to) {
    const V first = g[0], last = g[step];
    to[0] = mul(first, set1(1 / (a2 * b1)));
    to[1] = mul(fma(last, set1(a1), first), set1(1 / (2 * a2 * (a1 - b1))));
    to[2] = mul(fma(last, set1(-a1), first), set1(-1 / (2 * a2 * (a1 + b1))));
    to[3] = mul(fma(last, set1(b1), first), set1(1 / (b1 * (b2 - a2))));
    to[4] = last;
  }
  static void output(const V* m, int step, V* to) {
    const V sum = add(m[step], m[2 * step]), gap = sub(m[step], m[2 * step]), far = m[3 * step];
    to[0] = add(add(m[0], sum), far);
    to[1] = fma(far, set1(b1), mul(gap, set1(a1)));
    to[2] = fma(far, set1(b2), mul(sum, set1(a2)));
    to[3] = fma(far, set1(b3), fma(gap, set1(a3), m[4 * step]));
  }
};

// Transforms the other side of lines that have been transformed along themselves, and stores.
template <int Window, void Side(const V*, int, V*)>
inline void store_transformed(const V (*lines)[Window], char* to, size_t step) {
#pragma GCC unroll 6
  for (int x = 0; x < Window; ++x) {
    V column[Window];
    Side(&lines[0][x], Window, column);
#pragma GCC unroll 6
    for (int y = 0; y < Window; ++y) {
      put_vector(to + (Window * y + x) * step, column[y]);
    }
  }
}

template <class T, class In>
void transform_winograd_input(void* v, size_t step, const void* pixels, size_t line, size_t pixel,
                              int channels) {
  for (int c = 0; c < channels; c += W) {
    const char* from = static_cast<const char*>(pixels) + c * In::bytes;
    V lines[T::window][T::window];
#pragma GCC unroll 6
    for (int y = 0; y < T::window; ++y) {
      V d[T::window];
#pragma GCC unroll 6
      for (int x = 0; x < T::window; ++x) d[x] = In::pixel(from + y * line + x * pixel);
      T::input(d, 1, lines[y]);
    }
    store_transformed<T::window, T::input>(lines, static_cast<char*>(v) + 4 * c, step);
  }
}

template <class T, class In, int N>
void transform_winograd_weight(void* u, size_t step, const void* panel, size_t tap, int channels) {
  constexpr int row = N * W * sizeof(float);
  char* to = static_cast<char*>(u);
  const char* from = static_cast<const char*>(panel);
  for (int c = 0; c < channels; c += In::together, from += In::together * N * W * In::bytes) {
    for (int i = 0; i < In::together; ++i, to += row) {
      for (int j = 0; j < N; ++j) {
        V lines[T::taps][T::window];
#pragma GCC unroll 3
        for (int y = 0; y < T::taps; ++y) {
          V g[T::taps];
#pragma GCC unroll 3
          for (int x = 0; x < T::taps; ++x) {
            g[x] = In::weight(from + (T::taps * y + x) * tap + j * W * In::together * In::bytes, i);
          }
          T::weight(g, 1, lines[y]);
        }
        store_transformed<T::window, T::weight>(lines, to + j * W * sizeof(float), step);
      }
    }
  }
}

// NOLINTBEGIN(readability-function-size): values of the innermost call, which stay in registers

// A chunk of channels is summed on its own: added one by one to a sum of many, products lose more.
template <int M, int N>
void multiply_winograd_tile(float* m, const char* v, size_t v_row, const float* u, int channels,
                            bool sum_before) {
  V tile[M][N];
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) tile[i][j] = zero();
  }
  for (int c = 0; c < channels; ++c, v += sizeof(float), u += N * W) {
    V column[N];
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) column[j] = load(u + j * W);
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) {
      const V row = set1(*reinterpret_cast<const float*>(v + i * v_row));
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) tile[i][j] = fma(row, column[j], tile[i][j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) {
      float* to = m + (i * N + j) * W;
      store(to, sum_before ? add(load(to), tile[i][j]) : tile[i][j]);
    }
  }
}

// For a number of rows <= M known only at run time.
template <int M, int N>
void multiply_winograd_rows(float* m, const char* v, size_t v_row, const float* u, int rows,
                            int channels, bool add) {
  if constexpr (M > 1) {
    if (rows < M) return multiply_winograd_rows<M - 1, N>(m, v, v_row, u, rows, channels, add);
  }
  multiply_winograd_tile<M, N>(m, v, v_row, u, channels, add);
}

template <int M, int N>
void multiply_winograd(void* m, const void* v, size_t v_row, const void* u, int rows, int channels,
                       bool add) {
  for (int left = rows; left > 0;) {
    const int height = even_height(left, M), row = rows - left;
    multiply_winograd_rows<M, N>(static_cast<float*>(m) + row * N * W,
                                 static_cast<const char*>(v) + row * v_row, v_row,
                                 static_cast<const float*>(u), height, channels, add);
    left -= height;
  }
}

// NOLINTEND(readability-function-size)

template <class T, int N>
void transform_winograd_output(void* sums, size_t line, const void* m, size_t step, bool) {
  for (int j = 0; j < N; ++j) {
    const char* from = static_cast<const char*>(m) + j * W * sizeof(float);
    V half[winograd_tile][T::window];
#pragma GCC unroll 6
    for (int x = 0; x < T::window; ++x) {
      V column[T::window], short_column[winograd_tile];
#pragma GCC unroll 6
      for (int y = 0; y < T::window; ++y) {
        column[y] = load(reinterpret_cast<const float*>(from + (T::window * y + x) * step));
      }
      T::output(column, 1, short_column);
#pragma GCC unroll 4
      for (int y = 0; y < winograd_tile; ++y) half[y][x] = short_column[y];
    }
#pragma GCC unroll 4
    for (int y = 0; y < winograd_tile; ++y) {
      char* to = static_cast<char*>(sums) + y * line + j * W * sizeof(float);
      V row[winograd_tile];
      T::output(half[y], 1, row);
#pragma GCC unroll 4
      for (int x = 0; x < winograd_tile; ++x) put_vector(to + x * N * W * sizeof(float), row[x]);
    }
  }
}

template <class T, class In, int M, int N>
constexpr Winograd winograd_f32_taps(double cost) {
  return {.window = T::window,
          .taps = T::taps,
          .granule = W,
          .v_bytes = sizeof(float),
          .u_bytes = sizeof(float),
          .cost = cost,
          .transform_input = transform_winograd_input<T, In>,
          .transform_weight = transform_winograd_weight<T, In, N>,
          .multiply = multiply_winograd<M, N>,
          .transform_output = transform_winograd_output<T, N>};
}

// Tiles of M rows by N vectors.
template <class In, int M, int N>
constexpr WinogradPair winograd_f32(double cost = 1) {
  return {winograd_f32_taps<Taps3, In, M, N>(cost), winograd_f32_taps<Taps2, In, M, N>(cost)};
}

}  // namespace
}  // namespace yent
