// gemm_i8 with smmla, which multiplies two rows' by two columns' eight values: 24 of 32 registers
// are sums. Panels: B [k / 8][nr][8], A [k / 8][mr][8].
#include "kernels/cpu/gemm/kernels/gemm_i8_kernel.h"

namespace yent {
namespace {

constexpr int mr = 12, nr = 8, group = 8;

void pack_a(void* panel, int at, const void* const* sources, int rows, int count) {
  int8_t* to = static_cast<int8_t*>(panel);
  const int8_t* const* from = reinterpret_cast<const int8_t* const*>(sources);
  for (int p = 0; p < count;) {
    const int inside = (at + p) % group;
    const int n = count - p < group - inside ? count - p : group - inside;
    int8_t* line = to + (at + p - inside) * mr + inside;
    for (int i = 0; i < rows; ++i) {
      if (n == group) {
        __builtin_memcpy(line + i * group, from[i] + p, group);
      } else {
        for (int j = 0; j < n; ++j) line[i * group + j] = from[i][p + j];
      }
    }
    p += n;
  }
}

// A square of sums is two rows of two columns; two squares side by side are two half rows of sums.
template <int PAIRS>
void multiply_pairs(int32_t* sums, const int8_t* a, const int8_t* b, int groups, bool add,
                    const char* prefetch, size_t prefetch_step) {
  int32x4_t square[PAIRS][nr / 2];
#pragma GCC unroll 8
  for (int i = 0; i < PAIRS; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < nr / 2; ++j) {
      const int32_t* at = sums + 2 * i * nr + 2 * j;
      square[i][j] = vdupq_n_s32(0);
      if (add) square[i][j] = vcombine_s32(vld1_s32(at), vld1_s32(at + nr));
    }
  }
  for (int p = 0; p < groups; ++p, a += mr * group, b += nr * group, prefetch += prefetch_step) {
    __builtin_prefetch(prefetch, 0, 2);
    int8x16_t columns[nr / 2];
#pragma GCC unroll 4
    for (int j = 0; j < nr / 2; ++j) columns[j] = vld1q_s8(b + 2 * j * group);
#pragma GCC unroll 8
    for (int i = 0; i < PAIRS; ++i) {
      const int8x16_t rows = vld1q_s8(a + 2 * i * group);
#pragma GCC unroll 4
      for (int j = 0; j < nr / 2; ++j) square[i][j] = vmmlaq_s32(square[i][j], rows, columns[j]);
    }
  }
#pragma GCC unroll 8
  for (int i = 0; i < PAIRS; ++i) {
#pragma GCC unroll 4
    for (int j = 0; j < nr / 2; ++j) {
      int32_t* at = sums + 2 * i * nr + 2 * j;
      vst1_s32(at, vget_low_s32(square[i][j]));
      vst1_s32(at + nr, vget_high_s32(square[i][j]));
    }
  }
}

// For rows known only at run time; an odd one's partner is whatever the panel held.
template <int PAIRS>
void multiply(int32_t* sums, const int8_t* a, const int8_t* b, int rows, int groups, bool add,
              const char* prefetch, size_t prefetch_step) {
  if constexpr (PAIRS > 1) {
    if (rows <= 2 * PAIRS - 2) {
      return multiply<PAIRS - 1>(sums, a, b, rows, groups, add, prefetch, prefetch_step);
    }
  }
  multiply_pairs<PAIRS>(sums, a, b, groups, add, prefetch, prefetch_step);
}

void accumulate(void* sums, const void* a, const void* b, int rows, int k, bool add,
                const void* prefetch, size_t prefetch_step) {
  multiply<mr / 2>(static_cast<int32_t*>(sums), static_cast<const int8_t*>(a),
                   static_cast<const int8_t*>(b), rows, k / group, add,
                   static_cast<const char*>(prefetch), group * prefetch_step);
}

}  // namespace

extern const Gemm gemm_i8_neon_i8mm = {.name = "neon_i8mm",
                                       .isa = Isa::neon_i8mm,
                                       .mr = mr,
                                       .nr = nr,
                                       .kr = group,
                                       .input = Element::i8,
                                       .a_bytes = 1,
                                       .b_bytes = 1,
                                       .pack_b = pack_quantized<group, nr>,
                                       .store_tile = store_quantized_tile<nr>,
                                       .pack_a = pack_a,
                                       .accumulate = accumulate};

}  // namespace yent
