// simd.h for AVX-512 (F, BW, DQ, VL).
#pragma once

#include <immintrin.h>
#include <stdint.h>

namespace yent {
namespace {

typedef __m512 V;
constexpr int W = 16;

inline __mmask16 lanes(int n) { return static_cast<__mmask16>((1u << n) - 1); }
inline V load(const float* p) { return _mm512_loadu_ps(p); }
inline void store(float* p, V v) { _mm512_storeu_ps(p, v); }
inline V load_part(const float* p, int n) { return _mm512_maskz_loadu_ps(lanes(n), p); }
inline void store_part(float* p, V v, int n) { _mm512_mask_storeu_ps(p, lanes(n), v); }
inline V load_i8(const int8_t* p) {
  const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(bytes));
}
inline V load_i32(const int32_t* p) { return _mm512_cvtepi32_ps(_mm512_loadu_si512(p)); }
inline V load_i32_less(const int32_t* p, const int32_t* q) {
  return _mm512_cvtepi32_ps(_mm512_sub_epi32(_mm512_loadu_si512(p), _mm512_loadu_si512(q)));
}
inline V load_f16(const uint16_t* p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline V load_f16_apart(const void* p, int step, int n) {
  const __m512i index = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
  const __m512i at = _mm512_mullo_epi32(index, _mm512_set1_epi32(step));
  const __m512i bits = _mm512_mask_i32gather_epi32(_mm512_setzero_si512(), lanes(n), at, p, 1);
  return _mm512_cvtph_ps(_mm512_cvtepi32_epi16(bits));
}

inline V load_bf16(const uint16_t* p, int n = W) {
  const __m256i bits = n == W ? _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p))
                              : _mm256_maskz_loadu_epi16(lanes(n), p);
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(bits), 16));
}
inline void store_bf16(uint16_t* p, V v, int n = W) {
#if defined(__AVX512BF16__)
  const __m256i rounded = (__m256i)_mm512_cvtneps_pbh(v);
  if (n == W) return _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), rounded);
  _mm256_mask_storeu_epi16(p, lanes(n), rounded);
#else
  const __m512i bits = _mm512_castps_si512(v);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
  __m512i rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
  // Rounding could turn a NaN into infinity: it keeps its upper half and is made quiet.
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  rounded = _mm512_mask_or_epi32(rounded, nan, bits, _mm512_set1_epi32(0x400000));
  _mm256_mask_storeu_epi16(p, lanes(n), _mm512_cvtepi32_epi16(_mm512_srli_epi32(rounded, 16)));
#endif
}
inline void store_bf16_pair(uint16_t* p, V low, V high, [[maybe_unused]] bool non_temporal) {
#if defined(__AVX512BF16__)
  const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(high, low);
  if (non_temporal && reinterpret_cast<uintptr_t>(p) % 64 == 0) {
    _mm512_stream_si512(reinterpret_cast<__m512i*>(p), both);
  } else {
    _mm512_storeu_si512(p, both);
  }
#else
  store_bf16(p, low);
  store_bf16(p + W, high);
#endif
}
inline void store_i8(int8_t* p, V v, int n = W) {
  const __m128i quantized = _mm512_cvtsepi32_epi8(_mm512_cvtps_epi32(v));
  if (n == W) return _mm_storeu_si128(reinterpret_cast<__m128i*>(p), quantized);
  _mm_mask_storeu_epi8(p, lanes(n), quantized);
}

// Magnitudes are ordered like their bits, with NaN on top.
inline float absmax_bf16(const uint16_t* p, int count) {
  const __m512i magnitude = _mm512_set1_epi16(0x7fff);
  __m512i top = _mm512_setzero_si512();
  int i = 0;
  for (; i + 32 <= count; i += 32) {
    top = _mm512_max_epu16(top, _mm512_and_si512(_mm512_loadu_si512(p + i), magnitude));
  }
  const __mmask32 rest = static_cast<__mmask32>((1ull << (count - i)) - 1);
  top = _mm512_max_epu16(top, _mm512_and_si512(_mm512_maskz_loadu_epi16(rest, p + i), magnitude));
  const __m512i uniform_stride = _mm512_and_si512(top, _mm512_set1_epi32(0xffff));
  const __m512i high = _mm512_max_epi32(uniform_stride, _mm512_srli_epi32(top, 16));
  return _mm_cvtss_f32(_mm_castsi128_ps(_mm_cvtsi32_si128(_mm512_reduce_max_epi32(high) << 16)));
}

inline V zero() { return _mm512_setzero_ps(); }
inline V set1(float x) { return _mm512_set1_ps(x); }
inline V add(V a, V b) { return _mm512_add_ps(a, b); }
inline V sub(V a, V b) { return _mm512_sub_ps(a, b); }
inline V mul(V a, V b) { return _mm512_mul_ps(a, b); }
inline V div(V a, V b) { return _mm512_div_ps(a, b); }
inline V max(V a, V b) { return _mm512_max_ps(a, b); }
inline V min(V a, V b) { return _mm512_min_ps(a, b); }
inline V fma(V a, V b, V c) { return _mm512_fmadd_ps(a, b, c); }
inline V round_even(V v) { return _mm512_roundscale_ps(v, 8); }
inline V times_two_to(V v, V n) {
  // scalef gives a subnormal at -127; the other instruction sets give 0, so this one must, too.
  return _mm512_maskz_scalef_ps(_mm512_cmp_ps_mask(n, set1(-126), _CMP_GE_OQ), v, n);
}
inline V fraction(V v) { return _mm512_reduce_ps(v, 9); }
inline V times_two_to_floor(V v, V x) { return _mm512_scalef_ps(v, x); }
inline V where_le(V a, V b, V yes, V no) {
  return _mm512_mask_blend_ps(_mm512_cmp_ps_mask(a, b, _CMP_LE_OQ), no, yes);
}
inline float sum(V v) { return _mm512_reduce_add_ps(v); }
inline float greatest(V v) { return _mm512_reduce_max_ps(v); }

inline V to_bf16(V v) {
  const __m512i bits = _mm512_castps_si512(v), one = _mm512_set1_epi32(1);
  const __m512i odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), one);
  const __m512i up = _mm512_add_epi32(bits, _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff)));
  const __m512i quiet = _mm512_or_si512(bits, _mm512_set1_epi32(0x400000));
  const __mmask16 nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
  return _mm512_castsi512_ps(_mm512_and_si512(_mm512_mask_mov_epi32(up, nan, quiet),
                                              _mm512_set1_epi32(static_cast<int>(0xffff0000))));
}
inline V join_bf16(V low, V high) {
  const __m512i down = _mm512_srli_epi32(_mm512_castps_si512(low), 16);
  return _mm512_castsi512_ps(_mm512_or_si512(down, _mm512_castps_si512(high)));
}
inline V low_bf16(V pairs) {
  return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_castps_si512(pairs), 16));
}
inline V high_bf16(V pairs) {
  const __m512i mask = _mm512_set1_epi32(static_cast<int>(0xffff0000));
  return _mm512_castsi512_ps(_mm512_and_si512(_mm512_castps_si512(pairs), mask));
}

typedef __m512i Words;
inline Words load_words(const void* p) { return _mm512_loadu_si512(p); }
inline Words bits(Words w, int from, uint32_t mask) {
  return _mm512_and_si512(_mm512_srli_epi32(w, from), _mm512_set1_epi32(static_cast<int>(mask)));
}
inline Words join(Words low, Words high, int at) {
  return _mm512_or_si512(low, _mm512_slli_epi32(high, at));
}
template <int I>
inline Words top_byte(Words w) {
  const __m128i from =
      _mm_setr_epi8(-1, -1, -1, I, -1, -1, -1, 4 + I, -1, -1, -1, 8 + I, -1, -1, -1, 12 + I);
  return _mm512_shuffle_epi8(w, _mm512_broadcast_i32x4(from));
}
inline V words_to_float(Words w) { return _mm512_cvtepi32_ps(w); }

inline V reciprocal(V v) { return _mm512_rcp14_ps(v); }

inline void split(V low, V high, V* uniform_stride, V* odd) {
  const __m512i pick = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  *uniform_stride = _mm512_permutex2var_ps(low, pick, high);
  *odd = _mm512_permutex2var_ps(low, _mm512_add_epi32(pick, _mm512_set1_epi32(1)), high);
}

// Pairs of rows, then pairs of pairs within 128 bits, then the 128-bit quarters.
inline void transpose(V* v) {
  V t[W];
  for (int i = 0; i < W; i += 4) {
    const V a = _mm512_unpacklo_ps(v[i], v[i + 1]), b = _mm512_unpackhi_ps(v[i], v[i + 1]);
    const V c = _mm512_unpacklo_ps(v[i + 2], v[i + 3]), d = _mm512_unpackhi_ps(v[i + 2], v[i + 3]);
    t[i] = _mm512_shuffle_ps(a, c, 0x44);
    t[i + 1] = _mm512_shuffle_ps(a, c, 0xee);
    t[i + 2] = _mm512_shuffle_ps(b, d, 0x44);
    t[i + 3] = _mm512_shuffle_ps(b, d, 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    const V a = _mm512_shuffle_f32x4(t[i], t[i + 4], 0x88);
    const V b = _mm512_shuffle_f32x4(t[i], t[i + 4], 0xdd);
    const V c = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0x88);
    const V d = _mm512_shuffle_f32x4(t[i + 8], t[i + 12], 0xdd);
    v[i] = _mm512_shuffle_f32x4(a, c, 0x88);
    v[i + 4] = _mm512_shuffle_f32x4(b, d, 0x88);
    v[i + 8] = _mm512_shuffle_f32x4(a, c, 0xdd);
    v[i + 12] = _mm512_shuffle_f32x4(b, d, 0xdd);
  }
}

}  // namespace
}  // namespace yent
