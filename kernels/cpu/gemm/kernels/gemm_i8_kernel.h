// gemm.h in int8 for instructions that add four products of neighbours in k to each sum, written
// once over a struct `Dot` that the leaf brings:
//
// clang-format off
//   Sums, Left, Right   registers: `lanes` sums; four values of a row of A, in every lane; four
//                       values each of `lanes` columns of B
//   zero load store     of Sums
//   left right          load Left and Right
//   dot(sums, left, right)
//   copies, offset      four neighbours of A are packed as 4 * copies bytes, `offset` higher
//   put<MR>(to, V)      packs four neighbours each of W rows; the next copy lies MR rows further
//   put_value<MR>(to, value)   the same for one value
// clang-format on
//
// Panels: B [k / 4][nr][4], A [k / 4][copies][mr][4].
#pragma once

#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/gemm/kernels/epilogue.h"
#include "kernels/cpu/simd/tile.h"

namespace yent {
namespace {

// G values of a column, neighbours in k, lie together.
template <int G, int NR>
void pack_quantized(void* panel, const void* weight, size_t ld, int columns, int k) {
  int8_t* to = static_cast<int8_t*>(panel);
  const int8_t* from = static_cast<const int8_t*>(weight);
  for (int p = 0; p < k; p += G, to += G * NR) {
    const int n = k - p < G ? k - p : G;
    if (n == G && columns == NR) {  // nearly all groups
      for (int j = 0; j < NR; ++j) __builtin_memcpy(to + j * G, from + j * ld + p, G);
      continue;
    }
    for (int j = 0; j < NR; ++j) {
      for (int i = 0; i < G; ++i) to[j * G + i] = j < columns && i < n ? from[j * ld + p + i] : 0;
    }
  }
}

template <class Dot, int MR>
void pack_a_quantized(void* panel, int at, const void* const* sources, int rows, int count) {
  constexpr int step = Dot::copies * MR * 4;  // bytes of a group of k
  int8_t* to = static_cast<int8_t*>(panel);
  const int8_t* const* from = reinterpret_cast<const int8_t* const*>(sources);
  const auto one_by_one = [&](int begin, int end) {
    for (int p = begin; p < end; ++p) {
      int8_t* group = to + (at + p) / 4 * step + (at + p) % 4;
      for (int i = 0; i < rows; ++i) Dot::template put_value<MR>(group + i * 4, from[i][p]);
    }
  };
  // Groups that begin and end within these sources are moved whole, as if they were f32.
  const int head = (4 - at % 4) % 4 < count ? (4 - at % 4) % 4 : count;
  const int whole = (count - head) / 4;
  one_by_one(0, head);
  interleave_as<MR, Dot::copies * MR>(
      reinterpret_cast<float*>(to + (at + head) / 4 * step), from, rows, whole,
      [&](const int8_t* row, int p, int n) {
        return load_column(reinterpret_cast<const float*>(row + head), p, n);
      },
      Dot::template put<MR>);
  one_by_one(head + 4 * whole, count);
}

template <class Dot, int M, int MR, int N>
void dot_tile(int32_t* sums, const int8_t* a, const int8_t* b, int groups, bool add,
              const char* prefetch, size_t prefetch_step) {
  typename Dot::Sums tile[M][N];
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) {
      tile[i][j] = add ? Dot::load(sums + (i * N + j) * Dot::lanes) : Dot::zero();
    }
  }
  for (int p = 0; p < groups; ++p) {
    __builtin_prefetch(prefetch, 0, 2);
    typename Dot::Right column[N];
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) column[j] = Dot::right(b + j * Dot::lanes * 4);
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) {
      const typename Dot::Left row = Dot::template left<MR>(a + i * 4);
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) tile[i][j] = Dot::dot(tile[i][j], row, column[j]);
    }
    a += Dot::copies * MR * 4;
    b += N * Dot::lanes * 4;
    prefetch += prefetch_step;
  }
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) Dot::store(sums + (i * N + j) * Dot::lanes, tile[i][j]);
  }
}

// For a number of rows <= M known only at run time.
template <class Dot, int M, int MR, int N>
void dot_rows(int32_t* sums, const int8_t* a, const int8_t* b, int rows, int groups, bool add,
              const char* prefetch, size_t prefetch_step) {
  if constexpr (M > 1) {
    if (rows < M) {
      return dot_rows<Dot, M - 1, MR, N>(sums, a, b, rows, groups, add, prefetch, prefetch_step);
    }
  }
  dot_tile<Dot, M, MR, N>(sums, a, b, groups, add, prefetch, prefetch_step);
}

template <class Dot, int MR, int N>
void accumulate_quantized(void* sums, const void* a, const void* b, int rows, int k, bool add,
                          const void* prefetch, size_t prefetch_step) {
  dot_rows<Dot, MR, MR, N>(static_cast<int32_t*>(sums), static_cast<const int8_t*>(a),
                           static_cast<const int8_t*>(b), rows, k / 4, add,
                           static_cast<const char*>(prefetch), 4 * prefetch_step);
}

template <class Dot, int MR, int N>
constexpr Gemm gemm_i8(const char* name, Isa isa, const WinogradPair* winograd = nullptr) {
  constexpr int nr = N * Dot::lanes;
  return {.name = name,
          .isa = isa,
          .mr = MR,
          .nr = nr,
          .kr = 4,
          .input = Element::i8,
          .a_bytes = Dot::copies,
          .b_bytes = 1,
          .pack_b = pack_quantized<4, nr>,
          .store_tile = store_quantized_tile<nr, Dot::offset != 0>,
          .pack_a = pack_a_quantized<Dot, MR>,
          .accumulate = accumulate_quantized<Dot, MR, N>,
          .zero_point = Dot::offset,
          .winograd = winograd};
}

}  // namespace
}  // namespace yent
