// winograd.h in int8, written once over simd_pairs.h, for panels [k / 4][nr][4] of the weight.
//
// Four neighbours in k, as they lie in memory, are two lanes of 16 bits. Taking the low and the
// high bytes of each gives the pairs (0, 2) and (1, 3) that dot_pairs wants, in the image as in the
// weight, without a shuffle. A group of `granule` channels keeps first all the even ones, then the
// odd ones.
#pragma once

#include "kernels/cpu/conv/winograd.h"
#include "kernels/cpu/simd/simd_pairs.h"

namespace yent {
namespace {

constexpr int winograd_granule = 2 * short_lanes;
constexpr int vector_bytes = 2 * short_lanes;

// One side of a transform, for values that are `step` apart: B^T, G and A^T times a column. `shift`
// is that of S in y / 9.
struct Taps3 {
  static constexpr int window = 6, taps = 3, shift = 6;

  static void input(const Shorts* d, int step, Shorts* to) {
    const Shorts d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step];
    const Shorts even = (d2 << 2) - d4, odd = (d1 << 2) - d3;
    const Shorts low = d4 - d2, high = (d3 - d1) << 1;
    to[0] = ((d[0] - d2) << 2) + low;
    to[1] = even + odd;
    to[2] = even - odd;
    to[3] = low + high;
    to[4] = low - high;
    to[5] = d[5 * step] - d3 - (high << 1);
  }
  static void weight(const Shorts* g, int step, Shorts* to) {
    const Shorts first = g[0], middle = g[step] << 1, last = g[2 * step];
    const Shorts outer = (first + last) << 2, far = first + (last << 2);
    to[0] = (first << 2) + (first << 1);
    to[1] = outer + (middle << 1);
    to[2] = outer - (middle << 1);
    to[3] = far + middle;
    to[4] = far - middle;
    to[5] = (last << 2) + (last << 1);
  }
  static void output(const Ints* m, int step, Ints* to) {
    const Ints sum = m[step] + m[2 * step], gap = m[step] - m[2 * step];
    const Ints far_sum = m[3 * step] + m[4 * step], far_gap = m[3 * step] - m[4 * step];
    to[0] = m[0] + sum + far_sum;
    to[1] = gap + (far_gap << 1);
    to[2] = sum + (far_sum << 2);
    to[3] = gap + (far_gap << 3) + (m[5 * step] << 2);
  }
};

struct Taps2 {
  static constexpr int window = 5, taps = 2, shift = 2;

  static void input(const Shorts* d, int step, Shorts* to) {
    const Shorts d1 = d[step], d2 = d[2 * step], d3 = d[3 * step];
    const Shorts gap = d3 - d1, rest = d2 - d3;
    to[0] = ((d[0] - d2) << 1) + gap;
    to[1] = (d1 << 1) + rest;
    to[2] = ((d2 - d1) << 1) + rest;
    to[3] = gap;
    to[4] = d[4 * step] - d2 - (gap << 1);
  }
  static void weight(const Shorts* g, int step, Shorts* to) {
    const Shorts first = g[0], last = g[step], twice = last << 1, sum = first + last;
    to[0] = (first << 1) + first;
    to[1] = (sum << 1) + sum;
    to[2] = first - last;
    to[3] = first + twice;
    to[4] = (twice << 1) + twice;
  }
  static void output(const Ints* m, int step, Ints* to) {
    const Ints sum = m[step] + m[2 * step], gap = m[step] - m[2 * step], far = m[3 * step];
    to[0] = m[0] + sum + far;
    to[1] = gap + (far << 1);
    to[2] = sum + (far << 2);
    to[3] = gap + (far << 3) + m[4 * step];
  }
};

// Transforms the other side of lines that have been transformed along themselves, and stores.
template <int Window, void Side(const Shorts*, int, Shorts*)>
inline void store_transformed(const Shorts (*lines)[Window], char* to, size_t step) {
#pragma GCC unroll 6
  for (int x = 0; x < Window; ++x) {
    Shorts column[Window];
    Side(&lines[0][x], Window, column);
#pragma GCC unroll 6
    for (int y = 0; y < Window; ++y) store_vector(to + (Window * y + x) * step, column[y]);
  }
}

// Both sides of N x N values of two times as many channels as a vector has lanes, or of four
// channels and the columns of a vector. Values of a line are `pixel` apart. The odd channels of the
// result lie odd_at behind the even ones.
template <int N, int Window, void Side(const Shorts*, int, Shorts*)>
inline void transform(char* to, size_t step, const char* from, size_t line, size_t pixel,
                      int odd_at) {
  Shorts even[N][Window], odd[N][Window];
#pragma GCC unroll 6
  for (int y = 0; y < N; ++y) {
    Shorts low[N], high[N];
#pragma GCC unroll 6
    for (int x = 0; x < N; ++x) {
      const Shorts both = load_vector<Shorts>(from + y * line + x * pixel);
      low[x] = low_bytes(both);
      high[x] = high_bytes(both);
    }
    Side(low, 1, even[y]);
    Side(high, 1, odd[y]);
  }
  store_transformed<Window, Side>(even, to, step);
  store_transformed<Window, Side>(odd, to + odd_at, step);
}

template <class T>
void transform_winograd_input(void* v, size_t step, const void* pixels, size_t line, size_t pixel,
                              int channels) {
  for (int c = 0; c < channels; c += winograd_granule) {
    transform<T::window, T::window, T::input>(static_cast<char*>(v) + 2 * c, step,
                                              static_cast<const char*>(pixels) + c, line, pixel,
                                              vector_bytes);
  }
}

template <class T, int N>
void transform_winograd_weight(void* u, size_t step, const void* panel, size_t tap, int channels) {
  constexpr int quads = winograd_granule / 4,
                row = N * vector_bytes;  // a row: one pair of channels
  char* to = static_cast<char*>(u);
  const char* from = static_cast<const char*>(panel);
  for (int c = 0; c < channels; c += winograd_granule, to += 2 * quads * row) {
    for (int q = 0; q < quads; ++q) {
      for (int j = 0; j < N; ++j) {
        char* at = to + q * row + j * vector_bytes;
        if (c + 4 * q < channels) {
          transform<T::taps, T::window, T::weight>(at, step, from + j * vector_bytes, T::taps * tap,
                                                   tap, quads * row);
          continue;
        }
        for (int p = 0; p < T::window * T::window; ++p) {
          store_vector(at + p * step, Shorts{});
          store_vector(at + p * step + quads * row, Shorts{});
        }
      }
      from += row;
    }
  }
}

// NOLINTBEGIN(readability-function-size): values of the innermost call, which stay in registers

template <int M, int N>
void multiply_winograd_tile(Ints* m, const char* v, size_t v_row, const char* u, int pairs,
                            bool add) {
  Ints tile[M][N];
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) tile[i][j] = add ? load_vector<Ints>(m + i * N + j) : Ints{};
  }
  for (int p = 0; p < pairs; ++p, v += 4, u += N * vector_bytes) {
    Shorts column[N];
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) column[j] = load_vector<Shorts>(u + j * vector_bytes);
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) {
      const Shorts row = one_pair(v + i * v_row);
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) tile[i][j] = dot_pairs(tile[i][j], row, column[j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) store_vector(m + i * N + j, tile[i][j]);
  }
}

// For a number of rows <= M known only at run time.
template <int M, int N>
void multiply_winograd_rows(Ints* m, const char* v, size_t v_row, const char* u, int rows,
                            int pairs, bool add) {
  if constexpr (M > 1) {
    if (rows < M) return multiply_winograd_rows<M - 1, N>(m, v, v_row, u, rows, pairs, add);
  }
  multiply_winograd_tile<M, N>(m, v, v_row, u, pairs, add);
}

template <int M, int N>
void multiply_winograd(void* m, const void* v, size_t v_row, const void* u, int rows, int channels,
                       bool add) {
  const int pairs = (channels + winograd_granule - 1) / winograd_granule * short_lanes;
  for (int left = rows; left > 0;) {
    const int height = even_height(left, M), row = rows - left;
    multiply_winograd_rows<M, N>(static_cast<Ints*>(m) + row * N,
                                 static_cast<const char*>(v) + row * v_row, v_row,
                                 static_cast<const char*>(u), height, pairs, add);
    left -= height;
  }
}

// NOLINTEND(readability-function-size)

// From 9 * 2^shift times the sum of a convolution, modulo 2^32, to that sum.
template <int shift>
inline Ints without_factor(Ints y) {
  constexpr uint32_t inverse_of_9 = 0x38e38e39;
  return reinterpret_cast<Ints>(reinterpret_cast<SignedInts>(y * inverse_of_9) >> shift);
}

template <class T, int N>
void transform_winograd_output(void* sums, size_t line, const void* m, size_t step, bool add) {
  for (int j = 0; j < N; ++j) {
    const char* from = static_cast<const char*>(m) + j * vector_bytes;
    Ints half[winograd_tile][T::window];
#pragma GCC unroll 6
    for (int x = 0; x < T::window; ++x) {
      Ints column[T::window], short_column[winograd_tile];
#pragma GCC unroll 6
      for (int y = 0; y < T::window; ++y) {
        column[y] = load_vector<Ints>(from + (T::window * y + x) * step);
      }
      T::output(column, 1, short_column);
#pragma GCC unroll 4
      for (int y = 0; y < winograd_tile; ++y) half[y][x] = short_column[y];
    }
#pragma GCC unroll 4
    for (int y = 0; y < winograd_tile; ++y) {
      char* to = static_cast<char*>(sums) + y * line + j * vector_bytes;
      Ints row[winograd_tile];
      T::output(half[y], 1, row);
#pragma GCC unroll 4
      for (int x = 0; x < winograd_tile; ++x, to += N * vector_bytes) {
        const Ints sum = without_factor<T::shift>(row[x]);
        store_vector(to, add ? load_vector<Ints>(to) + sum : sum);
      }
    }
  }
}

template <int N>
void add_weight_magnitudes(int32_t* sums, const void* panel, int channels) {
  const int8_t* from = static_cast<const int8_t*>(panel);
  constexpr int columns = N * short_lanes / 2;
  for (int c = 0; c < channels; c += 4, from += 4 * columns) {
    for (int j = 0; j < columns; ++j) {
      for (int i = 0; i < 4; ++i) {
        const int value = from[4 * j + i];
        sums[j] += value < 0 ? -value : value;
      }
    }
  }
}

template <class T, int M, int N>
constexpr Winograd winograd_i8_taps(double cost) {
  return {.window = T::window,
          .taps = T::taps,
          .granule = winograd_granule,
          .v_bytes = 2,
          .u_bytes = 2,
          .max_sum = 1 << (31 - T::shift),
          .cost = cost,
          .transform_input = transform_winograd_input<T>,
          .transform_weight = transform_winograd_weight<T, N>,
          .multiply = multiply_winograd<M, N>,
          .transform_output = transform_winograd_output<T, N>,
          .add_magnitudes = add_weight_magnitudes<N>};
}

// Tiles of M rows by N vectors.
template <int M, int N>
constexpr WinogradPair winograd_i8(double cost = 1) {
  return {winograd_i8_taps<Taps3, M, N>(cost), winograd_i8_taps<Taps2, M, N>(cost)};
}

}  // namespace
}  // namespace yent
