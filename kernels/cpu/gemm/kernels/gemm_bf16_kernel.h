// gemm.h in bf16, written once over simd.h: both operands rounded to bf16, sums in f32. Neighbours
// in k lie in pairs in a panel of B, [k / 2][nr][2], as the bf16 instructions want it. Instruction
// sets without them multiply f32: A is widened as it is packed, and a pair of B is taken apart by a
// shift and a mask.
#pragma once

#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/gemm/kernels/epilogue.h"
#include "kernels/cpu/simd/tile.h"

namespace yent {
namespace {

// W pairs from 2 W floats, of which the first `count` exist.
inline V load_pairs(const float* from, int count) {
  V even, odd;
  if (count >= 2 * W) {
    split(load(from), load(from + W), &even, &odd);
  } else {
    float part[2 * W] = {};
    for (int i = 0; i < count; ++i) part[i] = from[i];
    split(load(part), load(part + W), &even, &odd);
  }
  return join_bf16(to_bf16(even), to_bf16(odd));
}

// Columns past the last repeat it; their sums are never stored.
template <int NR>
void pack_bf16(void* panel, const void* weight, size_t ld, int columns, int k) {
  const float* rows[NR];
  for (int j = 0; j < columns; ++j) rows[j] = static_cast<const float*>(weight) + j * ld;
  interleave_as<NR, NR>(
      static_cast<float*>(panel), rows, columns, (k + 1) / 2,
      [&](const float* row, int p, int) { return load_pairs(row + 2 * p, k - 2 * p); }, store);
}

template <int MR>
void pack_a_widened(void* panel, int at, const void* const* sources, int rows, int count) {
  interleave_as<MR, MR>(
      static_cast<float*>(panel) + at * MR, reinterpret_cast<const uint16_t* const*>(sources), rows,
      count, [](const uint16_t* row, int p, int n) { return load_bf16(row + p, n); }, store);
}

// multiply_tile() of tile.h for pairs.
template <int M, int MR, int N>
void multiply_pairs(float* sums, const float* a, const uint16_t* b, int rows, int pairs, bool add,
                    const char* prefetch, size_t prefetch_step) {
  if constexpr (M > 1) {
    if (rows < M) {
      return multiply_pairs<M - 1, MR, N>(sums, a, b, rows, pairs, add, prefetch, prefetch_step);
    }
  }
  V tile[M][N];
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) tile[i][j] = add ? load(sums + (i * N + j) * W) : zero();
  }
  for (int p = 0; p < pairs; ++p, a += 2 * MR, b += 2 * N * W, prefetch += prefetch_step) {
    __builtin_prefetch(prefetch, 0, 2);
#pragma GCC unroll 2
    for (int half = 0; half < 2; ++half) {
      V column[N];
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) {
        const V pair = load(reinterpret_cast<const float*>(b + 2 * j * W));
        column[j] = half ? high_bf16(pair) : low_bf16(pair);
      }
#pragma GCC unroll 16
      for (int i = 0; i < M; ++i) {
        const V row = set1(a[half * MR + i]);
#pragma GCC unroll 4
        for (int j = 0; j < N; ++j) tile[i][j] = fma(row, column[j], tile[i][j]);
      }
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < N; ++j) store(sums + (i * N + j) * W, tile[i][j]);
  }
}

template <int MR, int N>
void accumulate_pairs(void* sums, const void* a, const void* b, int rows, int k, bool add,
                      const void* prefetch, size_t prefetch_step) {
  multiply_pairs<MR, MR, N>(static_cast<float*>(sums), static_cast<const float*>(a),
                            static_cast<const uint16_t*>(b), rows, k / 2, add,
                            static_cast<const char*>(prefetch), 2 * prefetch_step);
}

template <int MR, int N>
constexpr Gemm gemm_bf16(const char* name, Isa isa, const WinogradPair* winograd) {
  return {.name = name,
          .isa = isa,
          .mr = MR,
          .nr = N * W,
          .kr = 2,
          .input = Element::bf16,
          .a_bytes = sizeof(float),
          .b_bytes = sizeof(uint16_t),
          .pack_b = pack_bf16<N * W>,
          .store_tile = store_tile<N * W>,
          .pack_a = pack_a_widened<MR>,
          .accumulate = accumulate_pairs<MR, N>,
          .winograd = winograd};
}

}  // namespace
}  // namespace yent
