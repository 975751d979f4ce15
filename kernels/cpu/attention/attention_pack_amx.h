// How attention on AMX tiles packs its operands. Keys go in steps of 32, queries in tiles of 16.
//
// clang-format off
//   keys     [step][half][piece of 32 columns][pair of columns][key of the half], two bf16 each:
//            B of scores = Q K^T. The halves of a step are its keys 0-3, 8-11, ... and 4-7, 12-15,
//            ..., because packing two tiles of scores alternates between them by fours.
//   values   [step][tile of 16 columns][pair of keys][column], two bf16 each: B of P V. One column
//            behind the last holds ones, which sums the exponentials. Keys past the end are zeros
//            here, while in K they repeat the last key.
//   queries  [piece][query][column]: A of the scores
// clang-format on
#pragma once

#include "kernels/cpu/attention/attention.h"
#include "kernels/cpu/attention/softmax_amx.h"
#include "kernels/cpu/simd/simd.h"
#include "kernels/cpu/simd/tiles_amx.h"

namespace yent {
namespace {

constexpr size_t tile_bytes = 1024, tile_line = 64;
constexpr int piece = 32;
constexpr int narrow_width = 47, narrow_values = 3;

// Where everything lies. Heads up to 47 wide keep their output in three tile registers; their keys
// are two pieces, the second cut down to the columns there are.
struct HeadLayout {
  int width, steps, pieces, value_tiles, last_pairs;
  size_t half_bytes, value_bytes;

  HeadLayout(int keys, int w) : width(w), steps(ceil_div(keys, step_keys)) {
    const bool narrow = w <= narrow_width;
    pieces = narrow ? 2 : ceil_div(w, piece);
    value_tiles = narrow ? narrow_values : (w + tile_side) / tile_side;
    last_pairs = tile_side;
    if (narrow) last_pairs = w > piece + 1 ? (w - piece + 1) / 2 : 1;
    half_bytes = (pieces - 1) * tile_bytes + last_pairs * tile_line;
    value_bytes = value_tiles * tile_bytes;
  }

  size_t values_at() const { return steps * 2 * half_bytes; }
  size_t absmaxes_at() const { return values_at() + steps * value_bytes; }
  size_t bytes() const { return absmaxes_at() + round_up(steps * sizeof(float), 64); }
};

inline int columns_left(int width, int from, int max_value) {
  const int left = width - from;
  return left < 0 ? 0 : left < max_value ? left : max_value;
}

// 32 bf16 of a row, zeros behind the last.
inline __m512i load_piece(const uint16_t* row, int width, int at) {
  const int n = columns_left(width, at, piece);
  const __mmask32 mask = n == piece ? 0xffffffff : (1u << n) - 1;
  return _mm512_maskz_loadu_epi16(mask, row + at);
}

// Magnitudes of bf16 compare like integers, with infinities and NaN on top.
inline __m512i larger_magnitudes(__m512i absmaxes, __m512i values) {
  const __m512i magnitude = _mm512_and_si512(values, _mm512_set1_epi16(0x7fff));
  return _mm512_max_epu16(absmaxes, magnitude);
}

inline float greatest_magnitude(__m512i absmaxes) {
  const __m512i low = _mm512_and_si512(absmaxes, _mm512_set1_epi32(0xffff));
  const int max_value =
      _mm512_reduce_max_epi32(_mm512_max_epi32(low, _mm512_srli_epi32(absmaxes, 16)));
  const int bits = max_value << 16;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

inline void pack_half(const AttentionKeys& a, const HeadLayout& at, int first, int half, char* to,
                      __m512i* absmaxes) {
  for (int p = 0; p < at.pieces; ++p) {
    V rows[tile_side];
    for (int i = 0; i < tile_side; ++i) {
      const int key = first + i / 4 * 8 + half * 4 + i % 4;
      const size_t row = key < a.keys ? key : a.keys - 1;
      const __m512i values = load_piece(a.k + row * a.k_ld, a.width, p * piece);
      *absmaxes = larger_magnitudes(*absmaxes, values);
      rows[i] = _mm512_castsi512_ps(values);
    }
    transpose(rows);
    const int pairs = p + 1 < at.pieces ? tile_side : at.last_pairs;
    for (int i = 0; i < pairs; ++i, to += tile_line) _mm512_store_ps(to, rows[i]);
  }
}

inline __m512i load_values(const AttentionKeys& a, int key, int column) {
  if (key >= a.keys) return _mm512_setzero_si512();
  const int n = columns_left(a.width, column, tile_side);
  const __m256i row = _mm256_maskz_loadu_epi16(lanes(n), a.v + key * a.v_ld + column);
  const __mmask16 one = static_cast<__mmask16>(a.width / tile_side * tile_side == column)
                        << a.width % tile_side;
  return _mm512_mask_mov_epi32(_mm512_cvtepu16_epi32(row), one, _mm512_set1_epi32(0x3f80));
}

// The step of keys that begins at `first`.
inline void pack_keys(const AttentionKeys& a, int first) {
  const HeadLayout at(a.keys, a.width);
  const size_t step = first / step_keys;
  char* base = static_cast<char*>(a.packed);
  __m512i absmaxes = _mm512_setzero_si512();
  for (int half = 0; half < 2; ++half) {
    pack_half(a, at, first, half, base + (2 * step + half) * at.half_bytes, &absmaxes);
  }
  reinterpret_cast<float*>(base + at.absmaxes_at())[step] = greatest_magnitude(absmaxes);
  char* to = base + at.values_at() + step * at.value_bytes;
  for (int t = 0; t < at.value_tiles; ++t) {
    for (int key = first; key < first + step_keys; key += 2, to += tile_line) {
      const __m512i even = load_values(a, key, t * tile_side);
      const __m512i odd = load_values(a, key + 1, t * tile_side);
      _mm512_store_si512(to, _mm512_or_si512(even, _mm512_slli_epi32(odd, 16)));
    }
  }
}

// A tile of queries, zeros past the last. Returns the greatest magnitude.
inline float pack_queries(const AttentionQueries& a, const HeadLayout& at, int first, char* to) {
  __m512i absmaxes = _mm512_setzero_si512();
  for (int p = 0; p < at.pieces; ++p) {
    for (int i = 0; i < tile_side; ++i, to += tile_line) {
      __m512i values = _mm512_setzero_si512();
      const size_t query = first + i;
      if (first + i < a.queries) values = load_piece(a.q + query * a.q_ld, a.width, p * piece);
      absmaxes = larger_magnitudes(absmaxes, values);
      _mm512_store_si512(to, values);
    }
  }
  return greatest_magnitude(absmaxes);
}

inline float key_absmax(const AttentionQueries& a, const HeadLayout& at) {
  const void* from = static_cast<const char*>(a.packed) + at.absmaxes_at();
  const float* absmaxes = static_cast<const float*>(from);
  float absmax = 0;
  for (int s = 0; s < at.steps; ++s) {
    const bool is_nan = absmaxes[s] != absmaxes[s];  // a NaN stays
    if (absmaxes[s] > absmax || is_nan) absmax = absmaxes[s];
  }
  return absmax;
}

// Which rows of a query tile may have scores too large for Softmax<false>.
inline __mmask16 out_of_range_rows(const AttentionQueries& a, int first, float tile_absmax,
                                   float key_absmax, float units) {
  const auto is_out_of_range = [&](float absmax) {
    return !(__builtin_fabsf(units) * a.width * absmax * key_absmax < 0x1p29f);
  };
  __mmask16 rows = 0;
  if (!is_out_of_range(tile_absmax)) return rows;
  for (int i = 0; i < tile_side && first + i < a.queries; ++i) {
    const size_t query = first + i;
    if (is_out_of_range(absmax_bf16(a.q + query * a.q_ld, a.width))) rows |= 1u << i;
  }
  return rows;
}

// sums: [value tile][query][column]
inline void store_queries(const AttentionQueries& a, const HeadLayout& at, int first,
                          const float* sums) {
  constexpr int tile = tile_side * tile_side;
  const float* totals = sums + a.width / tile_side * tile + a.width % tile_side;
  for (int i = 0; i < tile_side && first + i < a.queries; ++i, sums += tile_side) {
    const V scale = div(set1(1), set1(totals[i * tile_side]));
    const size_t row = (first + i) * a.out_ld;
    for (int c = 0; c < at.width; c += tile_side) {
      const V values = mul(load(sums + c * tile_side), scale);
      const int n = columns_left(at.width, c, tile_side);
      if (a.out_f32) {
        store_part(static_cast<float*>(a.out) + row + c, values, n);
      } else {
        store_bf16(static_cast<uint16_t*>(a.out) + row + c, values, n);
      }
    }
  }
}

}  // namespace
}  // namespace yent
