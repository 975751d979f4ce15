// The inner loop of every f32 product, in gemm and in attention: a tile of M rows by N vectors,
// kept in registers over all of k.
#pragma once

#include "kernels/cpu/simd/simd.h"

namespace yent {
namespace {

// NOLINTBEGIN(readability-function-size): values of the innermost call, which stay in registers

// sums [M][N * W] = (or, if `add`, +=) the sum over k of a[k * a_ld + row] * b[k * N * W + column].
// Meanwhile it prefetches k * prefetch_step bytes from `prefetch`.
template <int M, int N>
void multiply_tile(float* sums, const float* a, size_t a_ld, const float* b, int k, bool add,
                   const char* prefetch, size_t prefetch_step) {
  V tile[M][N];
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) tile[i][j] = add ? load(sums + (i * N + j) * W) : zero();
  }
  for (int p = 0; p < k; ++p, a += a_ld, b += N * W, prefetch += prefetch_step) {
    __builtin_prefetch(prefetch, 0, 2);
    V column[N];
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) column[j] = load(b + j * W);
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) {
      const V row = set1(a[i]);
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) tile[i][j] = fma(row, column[j], tile[i][j]);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) store(sums + (i * N + j) * W, tile[i][j]);
  }
}

// The same for a number of rows <= M known only at run time.
template <int M, int N>
void multiply(float* sums, const float* a, size_t a_ld, const float* b, int rows, int k, bool add,
              const void* prefetch, size_t prefetch_step) {
  if constexpr (M > 1) {
    if (rows < M) {
      return multiply<M - 1, N>(sums, a, a_ld, b, rows, k, add, prefetch, prefetch_step);
    }
  }
  multiply_tile<M, N>(sums, a, a_ld, b, k, add, static_cast<const char*>(prefetch), prefetch_step);
}

// NOLINTEND(readability-function-size)

// Transposes: column p of rows[i], n <= W values of which `get(row, p, n)` loads, goes to to[p *
// Step + i], where `put(to, vector)` stores it, for p < count in order. Where M is no multiple of
// W, up to W - 1 floats behind a column are overwritten.
template <int M, int Step, class Row, class Get, class Put>
void interleave_as(float* to, const Row* const* rows, int m, int count, Get get, Put put) {
  static_assert(M <= W || M % W == 0);
  for (int p = 0; p < count; p += W) {
    const int n = count - p < W ? count - p : W;
    for (int first = 0; first < m; first += W) {
      V block[W];
      for (int i = 0; i < W; ++i) block[i] = get(rows[first + i < m ? first + i : m - 1], p, n);
      transpose(block);
      for (int i = 0; i < n; ++i) put(to + (p + i) * Step + first, block[i]);
    }
  }
}

inline V load_column(const float* row, int p, int n) {
  return n == W ? load(row + p) : load_part(row + p, n);
}

// to[p * M + i] = rows[i][p]
template <int M>
void interleave(float* to, const float* const* rows, int m, int count) {
  interleave_as<M, M>(to, rows, m, count, load_column, store);
}

}  // namespace
}  // namespace yent
