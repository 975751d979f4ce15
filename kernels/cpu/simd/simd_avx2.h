// simd.h for AVX2 with FMA and F16C.
#pragma once

#include <immintrin.h>
#include <stdint.h>

namespace yent {
namespace {

typedef __m256 V;
constexpr int W = 8;

inline __m256i lanes(int n) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
inline V load(const float* p) { return _mm256_loadu_ps(p); }
inline void store(float* p, V v) { _mm256_storeu_ps(p, v); }
// Whole vectors go without a mask: a masked store takes AMD's processors dozens of cycles.
inline V load_part(const float* p, int n) {
  return n == W ? load(p) : _mm256_maskload_ps(p, lanes(n));
}
inline void store_part(float* p, V v, int n) {
  n == W ? store(p, v) : _mm256_maskstore_ps(p, lanes(n), v);
}
inline V load_i8(const int8_t* p) {
  const __m128i bytes = _mm_loadl_epi64(reinterpret_cast<const __m128i*>(p));
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(bytes));
}
inline V load_i32(const int32_t* p) {
  return _mm256_cvtepi32_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
}
inline V load_i32_less(const int32_t* p, const int32_t* q) {
  return _mm256_cvtepi32_ps(
      _mm256_sub_epi32(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)),
                       _mm256_loadu_si256(reinterpret_cast<const __m256i*>(q))));
}
inline V load_f16(const uint16_t* p) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
}
inline V load_f16_apart(const void* p, int step, int n) {
  const auto half = [&](int i) {
    uint16_t bits;
    __builtin_memcpy(&bits, static_cast<const char*>(p) + (i < n ? i : 0) * step, sizeof bits);
    return static_cast<int16_t>(bits);
  };
  return _mm256_cvtph_ps(
      _mm_setr_epi16(half(0), half(1), half(2), half(3), half(4), half(5), half(6), half(7)));
}

inline V load_bf16(const uint16_t* p, int n = W) {
  uint16_t part[W] = {};
  if (n < W) {
    for (int i = 0; i < n; ++i) part[i] = p[i];
    p = part;
  }
  const __m128i bits = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(bits), 16));
}
inline void store_bf16(uint16_t* p, V v, int n = W) {
  const __m256i bits = _mm256_castps_si256(v);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
  const __m256i rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
  // Rounding could turn a NaN into infinity: it keeps its upper half and is made quiet.
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
  const __m256i high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, nan), 16);
  const __m256i packed = _mm256_permute4x64_epi64(_mm256_packus_epi32(high, high), 0x08);
  uint16_t words[W];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(n < W ? words : p), _mm256_castsi256_si128(packed));
  for (int i = 0; n < W && i < n; ++i) p[i] = words[i];
}
inline void store_bf16_pair(uint16_t* p, V low, V high, bool) {
  store_bf16(p, low);
  store_bf16(p + W, high);
}
inline void store_i8(int8_t* p, V v, int n = W) {
  const __m256i whole = _mm256_cvtps_epi32(v);
  const __m256i words = _mm256_permute4x64_epi64(_mm256_packs_epi32(whole, whole), 0x08);
  const __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(words), _mm_setzero_si128());
  int8_t part[16];
  _mm_storeu_si128(reinterpret_cast<__m128i*>(part), bytes);
  __builtin_memcpy(p, part, n);
}

// Magnitudes are ordered like their bits, with NaN on top.
inline float absmax_bf16(const uint16_t* p, int count) {
  uint16_t top = 0;
  for (int i = 0; i < count; ++i) {
    const uint16_t magnitude = p[i] & 0x7fff;
    top = magnitude > top ? magnitude : top;
  }
  const uint32_t bits = static_cast<uint32_t>(top) << 16;
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}

inline V zero() { return _mm256_setzero_ps(); }
inline V set1(float x) { return _mm256_set1_ps(x); }
inline V add(V a, V b) { return _mm256_add_ps(a, b); }
inline V sub(V a, V b) { return _mm256_sub_ps(a, b); }
inline V mul(V a, V b) { return _mm256_mul_ps(a, b); }
inline V div(V a, V b) { return _mm256_div_ps(a, b); }
inline V max(V a, V b) { return _mm256_max_ps(a, b); }
inline V min(V a, V b) { return _mm256_min_ps(a, b); }
inline V fma(V a, V b, V c) { return _mm256_fmadd_ps(a, b, c); }
inline V round_even(V v) { return _mm256_round_ps(v, 8); }
inline V times_two_to(V v, V n) {
  const __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return mul(v, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
}
inline V fraction(V v) { return sub(v, _mm256_floor_ps(v)); }
inline V times_two_to_floor(V v, V x) {
  return times_two_to(v, _mm256_floor_ps(min(max(x, set1(-126)), set1(126))));
}
inline V where_le(V a, V b, V yes, V no) {
  return _mm256_blendv_ps(no, yes, _mm256_cmp_ps(a, b, _CMP_LE_OQ));
}
inline float sum(V v) {
  const __m128 four = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_add_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_add_ss(two, _mm_movehdup_ps(two)));
}
inline float greatest(V v) {
  const __m128 four = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_max_ss(two, _mm_movehdup_ps(two)));
}

inline V to_bf16(V v) {
  const __m256i bits = _mm256_castps_si256(v), one = _mm256_set1_epi32(1);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), one);
  const __m256i up = _mm256_add_epi32(bits, _mm256_add_epi32(odd, _mm256_set1_epi32(0x7fff)));
  const __m256i quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
  const V nan = _mm256_cmp_ps(v, v, _CMP_UNORD_Q);
  const V value = _mm256_blendv_ps(_mm256_castsi256_ps(up), _mm256_castsi256_ps(quiet), nan);
  const __m256i mask = _mm256_set1_epi32(static_cast<int>(0xffff0000));
  return _mm256_and_ps(value, _mm256_castsi256_ps(mask));
}
inline V join_bf16(V low, V high) {
  const __m256i down = _mm256_srli_epi32(_mm256_castps_si256(low), 16);
  return _mm256_or_ps(_mm256_castsi256_ps(down), high);
}
inline V low_bf16(V pairs) {
  return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_castps_si256(pairs), 16));
}
inline V high_bf16(V pairs) {
  const __m256i mask = _mm256_set1_epi32(static_cast<int>(0xffff0000));
  return _mm256_and_ps(pairs, _mm256_castsi256_ps(mask));
}

typedef __m256i Words;
inline Words load_words(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
inline Words bits(Words w, int from, uint32_t mask) {
  return _mm256_and_si256(_mm256_srli_epi32(w, from), _mm256_set1_epi32(static_cast<int>(mask)));
}
inline Words join(Words low, Words high, int at) {
  return _mm256_or_si256(low, _mm256_slli_epi32(high, at));
}
template <int I>
inline Words top_byte(Words w) {
  const __m128i from =
      _mm_setr_epi8(-1, -1, -1, I, -1, -1, -1, 4 + I, -1, -1, -1, 8 + I, -1, -1, -1, 12 + I);
  return _mm256_shuffle_epi8(w, _mm256_broadcastsi128_si256(from));
}
inline V words_to_float(Words w) { return _mm256_cvtepi32_ps(w); }

inline V reciprocal(V v) {
  const V guess = _mm256_rcp_ps(v);
  return mul(guess, sub(set1(2), mul(v, guess)));
}

inline void split(V low, V high, V* uniform_stride, V* odd) {
  const V a = _mm256_permute2f128_ps(low, high, 0x20);
  const V b = _mm256_permute2f128_ps(low, high, 0x31);
  *uniform_stride = _mm256_shuffle_ps(a, b, 0x88);
  *odd = _mm256_shuffle_ps(a, b, 0xdd);
}

inline void transpose(V* v) {
  V t[W];
  for (int i = 0; i < W; i += 4) {
    const V a = _mm256_unpacklo_ps(v[i], v[i + 1]), b = _mm256_unpackhi_ps(v[i], v[i + 1]);
    const V c = _mm256_unpacklo_ps(v[i + 2], v[i + 3]), d = _mm256_unpackhi_ps(v[i + 2], v[i + 3]);
    t[i] = _mm256_shuffle_ps(a, c, 0x44);
    t[i + 1] = _mm256_shuffle_ps(a, c, 0xee);
    t[i + 2] = _mm256_shuffle_ps(b, d, 0x44);
    t[i + 3] = _mm256_shuffle_ps(b, d, 0xee);
  }
  for (int i = 0; i < 4; ++i) {
    v[i] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x20);
    v[i + 4] = _mm256_permute2f128_ps(t[i], t[i + 4], 0x31);
  }
}

}  // namespace
}  // namespace yent
