// gemm_bf16 with vdpbf16ps: panels of A lie in pairs as well, [k / 2][mr][2].
#include "kernels/cpu/gemm/kernels/gemm_bf16_kernel.h"

namespace yent {
namespace {

constexpr int mr = 14, n = 2, nr = n * W;

__m512bh pairs_of(const void* p) { return reinterpret_cast<__m512bh>(_mm512_loadu_si512(p)); }

// A pair may begin or end in the middle of these sources.
void pack_a(void* panel, int at, const void* const* sources, int rows, int count) {
  uint16_t* to = static_cast<uint16_t*>(panel);
  const uint16_t* const* from = reinterpret_cast<const uint16_t* const*>(sources);
  const auto one = [&](int p) {
    uint16_t* pair = to + (at + p) / 2 * 2 * mr + (at + p) % 2;
    for (int i = 0; i < rows; ++i) pair[2 * i] = from[i][p];
  };
  const int head = at % 2 && count > 0, whole = (count - head) / 2;
  if (head) one(0);
  interleave_as<mr, mr>(
      reinterpret_cast<float*>(to + (at + head) * mr), from, rows, whole,
      [&](const uint16_t* row, int p, int n) {
        return load_column(reinterpret_cast<const float*>(row + head), p, n);
      },
      store);
  if (head + 2 * whole < count) one(count - 1);
}

template <int M>
void multiply(float* sums, const uint16_t* a, const uint16_t* b, int rows, int pairs, bool add,
              const char* prefetch, size_t prefetch_step) {
  if constexpr (M > 1) {
    if (rows < M) return multiply<M - 1>(sums, a, b, rows, pairs, add, prefetch, prefetch_step);
  }
  V tile[M][n];
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 2
    for (int j = 0; j < n; ++j) tile[i][j] = add ? load(sums + i * nr + j * W) : zero();
  }
  for (int p = 0; p < pairs; ++p, a += 2 * mr, b += 2 * nr, prefetch += prefetch_step) {
    __builtin_prefetch(prefetch, 0, 2);
    const __m512bh left = pairs_of(b), right = pairs_of(b + 2 * W);
#pragma GCC unroll 16
    for (int i = 0; i < M; ++i) {
      int32_t pair;
      __builtin_memcpy(&pair, a + 2 * i, sizeof pair);
      const __m512bh row = reinterpret_cast<__m512bh>(_mm512_set1_epi32(pair));
      tile[i][0] = _mm512_dpbf16_ps(tile[i][0], row, left);
      tile[i][1] = _mm512_dpbf16_ps(tile[i][1], row, right);
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < M; ++i) {
#pragma GCC unroll 2
    for (int j = 0; j < n; ++j) store(sums + i * nr + j * W, tile[i][j]);
  }
}

void accumulate(void* sums, const void* a, const void* b, int rows, int k, bool add,
                const void* prefetch, size_t prefetch_step) {
  multiply<mr>(static_cast<float*>(sums), static_cast<const uint16_t*>(a),
               static_cast<const uint16_t*>(b), rows, k / 2, add,
               static_cast<const char*>(prefetch), 2 * prefetch_step);
}

}  // namespace

extern const WinogradPair winograd_bf16_avx512bf16;
extern const Gemm gemm_bf16_avx512bf16 = {.name = "avx512bf16",
                                          .isa = Isa::avx512bf16,
                                          .mr = mr,
                                          .nr = nr,
                                          .kr = 2,
                                          .input = Element::bf16,
                                          .a_bytes = 2,
                                          .b_bytes = 2,
                                          .pack_b = pack_bf16<nr>,
                                          .store_tile = store_tile<nr>,
                                          .pack_a = pack_a,
                                          .accumulate = accumulate,
                                          .winograd = &winograd_bf16_avx512bf16};

}  // namespace yent
