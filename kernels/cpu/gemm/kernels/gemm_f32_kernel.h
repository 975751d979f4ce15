// gemm.h in f32, written once over simd.h; a leaf instantiates it for its instruction set.
#pragma once

#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/gemm/kernels/epilogue.h"
#include "kernels/cpu/simd/tile.h"

namespace yent {
namespace {

// Columns past the last repeat it or stay as they were; their sums are never stored.
template <int NR>
void pack_f32(void* panel, const void* weight, size_t ld, int columns, int k) {
  const float* rows[NR];
  for (int j = 0; j < columns; ++j) rows[j] = static_cast<const float*>(weight) + j * ld;
  interleave<NR>(static_cast<float*>(panel), rows, columns, k);
}

template <int MR>
void pack_a_f32(void* panel, int at, const void* const* sources, int rows, int count) {
  interleave<MR>(static_cast<float*>(panel) + at * MR,
                 reinterpret_cast<const float* const*>(sources), rows, count);
}

template <int MR, int N>
void accumulate_f32(void* sums, const void* a, const void* b, int rows, int k, bool add,
                    const void* prefetch, size_t prefetch_step) {
  multiply<MR, N>(static_cast<float*>(sums), static_cast<const float*>(a), MR,
                  static_cast<const float*>(b), rows, k, add, prefetch, prefetch_step);
}

template <int MR, int N>
constexpr Gemm gemm_f32(const char* name, Isa isa, const WinogradPair* winograd = nullptr) {
  return {.name = name,
          .isa = isa,
          .mr = MR,
          .nr = N * W,
          .kr = 1,
          .input = Element::f32,
          .a_bytes = sizeof(float),
          .b_bytes = sizeof(float),
          .pack_b = pack_f32<N * W>,
          .store_tile = store_tile<N * W>,
          .pack_a = pack_a_f32<MR>,
          .accumulate = accumulate_f32<MR, N>,
          .winograd = winograd};
}

}  // namespace
}  // namespace yent
