// Exponentials for attention on AMX tiles. Scores come as f32, queries x keys, 16 rows of two tiles
// side by side. Exponentials leave as bf16, 16 rows of 32 keys.
//
// The bits of a bf16, read as an integer, are close to a logarithm: those of 2^(x / 128) are x +
// 127 * 128 less a few units that depend on x mod 128 alone. So a score becomes fixed point in
// units of 1/128 of a power of two, 16 bits wide, and a table of 64 bytes holds the correction.
#pragma once

#include "kernels/cpu/simd/leaf.h"
#include "kernels/cpu/simd/simd.h"

namespace yent {
namespace {

constexpr int tile_side = 16, step_keys = 32, step_scores = tile_side * step_keys;
constexpr float log2_unit = 128, log2_e = 1.44269504f;
// Where a row's maximum is placed when it is set: at 2^-30. Later scores may exceed it by 30 powers
// of two before bit 14 shows that it must be raised; a score 97 powers of two below counts as zero.
constexpr float top_place = 97 * log2_unit;
constexpr float unset = -__builtin_inff();

// The correction: x less the bits of 2^(x / 128), the mean of x = 2i and 2i + 1.
alignas(64) constexpr uint8_t straightened[64] = {
    0,  1,  1,  2,  2,  3,  4,  4,  5,  5,  5,  6,  6,  7,  7,  8,  8,  8,  9,  9,  9,  9,
    10, 10, 10, 10, 10, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 11, 10, 10, 10,
    10, 10, 9,  9,  9,  8,  8,  8,  7,  7,  6,  6,  5,  5,  4,  3,  3,  2,  1,  1};

// The state of the rows of a query tile. Maxima are whole powers of two, so that raising one scales
// by a power of two and a row's result does not depend on when it happened.
struct alignas(64) RowMax {
  float top[tile_side], offset[tile_side], factor[tile_side];
  __mmask16 out_of_range;  // rows whose scores may not fit an int32, or are not finite

  void clear() { store(top, set1(unset)); }
};

// OutOfRange: some row may be; one that is not finite becomes NaN. The other rows get the same bits
// as from Softmax<false>: a row's result does not depend on its neighbours.
template <bool OutOfRange>
struct Softmax {
  V slope;  // units of 1/128 per unit of a score
  __m512i table = _mm512_load_si512(straightened);

  explicit Softmax(float units) : slope(set1(units)) {}

  __m512i fixed(const float* scores, V offset, bool out_of_range) const {
    if (!OutOfRange || !out_of_range) return _mm512_cvtps_epi32(fma(load(scores), slope, offset));
    // Rounded in the same steps as the maximum, which may exceed what the fraction of an f32 holds.
    const V below = add(mul(load(scores), slope), offset);
    return _mm512_cvtps_epi32(min(add(below, set1(top_place)), set1(1e9f)));  // NaN gives 1e9
  }

  // Row i of 32 keys. Returns its logarithms, 65535 where one is too large.
  __m512i row(const float* scores, const RowMax& row_max, int i, uint16_t* to) const {
    const V c = set1(row_max.offset[i]);
    const bool out_of_range = row_max.out_of_range >> i & 1;
    scores += i * step_keys, to += i * step_keys;
    const __m512i low = fixed(scores, c, out_of_range),
                  high = fixed(scores + tile_side, c, out_of_range);
    const __m512i x = _mm512_packus_epi32(low, high);
    const __m512i index = _mm512_srli_epi16(x, 1);
    const __m512i less = _mm512_maskz_permutexvar_epi8(0x5555555555555555, index, table);
    _mm512_store_si512(to, _mm512_sub_epi16(x, less));
    return x;
  }

  template <int First, int Count>
  void rows(const float* scores, const RowMax& row_max, uint16_t* to, __m512i* seen) const {
    static_assert(Count % 2 == 0);
    for (int i = First; i < First + Count; i += 2) {
      const __m512i a = row(scores, row_max, i, to), b = row(scores, row_max, i + 1, to);
      *seen = _mm512_ternarylogic_epi32(*seen, a, b, 0xfe);
    }
  }

  static bool too_large(__m512i seen) {
    return _mm512_test_epi16_mask(seen, _mm512_set1_epi16(static_cast<short>(0xc000)));
  }

  // Raises the maxima of the rows that need it over some steps, or sets them all if `first`.
  // `factor` becomes the factor for earlier sums. Then makes the exponentials.
  __attribute__((noinline)) void raise(const float* scores, int steps, bool first, RowMax* row_max,
                                       uint16_t* to) const {
    alignas(64) float absmaxes[tile_side];
    __mmask16 high = 0;
    for (int i = 0; i < tile_side; ++i) {
      V absmax = set1(unset);
      __m512i seen = _mm512_setzero_si512();
      for (int s = 0; s < steps; ++s) {
        const float* from = scores + s * step_scores;
        const V a = load(from + i * step_keys), b = load(from + i * step_keys + tile_side);
        absmax = max(max(mul(a, slope), mul(b, slope)), absmax);
        if (!first) seen = _mm512_or_si512(seen, row(from, *row_max, i, to + s * step_scores));
      }
      absmaxes[i] = greatest(absmax);
      if (first || too_large(seen)) high |= 1u << i;
    }
    const V before = load(row_max->top);
    const V log2_units = _mm512_roundscale_ps(mul(load(absmaxes), set1(1 / log2_unit)), 10);  // up
    const V after = _mm512_mask_max_ps(before, high, mul(log2_units, set1(log2_unit)), before);
    const V by = _mm512_maskz_mul_ps(high, sub(before, after), set1(1 / log2_unit));
    store(row_max->factor, _mm512_maskz_scalef_ps(0xffff, set1(1), by));
    store(row_max->top, after);
    const V place = _mm512_mask_mov_ps(set1(top_place), row_max->out_of_range, zero());
    store(row_max->offset, sub(place, after));
    __m512i ignored = _mm512_setzero_si512();
    for (int s = 0; s < steps; ++s) {
      rows<0, tile_side>(scores + s * step_scores, *row_max, to + s * step_scores, &ignored);
    }
  }
};

}  // namespace
}  // namespace yent
