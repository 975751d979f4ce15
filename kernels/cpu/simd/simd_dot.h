// Dot products of int8 values, in the manner of simd.h: one instruction adds four products to each
// sum. Quads holds W sums of 32 bits, or W groups of four int8 values.
//
// clang-format off
//   load_quads(p) store_quads(p, q)
//   all_quads(n)          n in every lane
//   dot(sums, raised, values)   where there is no such instruction, of several. x86 wants the first factor unsigned: its values are stored
//                         dot_offset higher. The sums then exceed the true ones by dot_offset times
//                         the sum of the second factor's values.
//   flip(values)          adds or subtracts 128
//   raise(values)         adds dot_offset
//   as_quads(v)           the bits of a vector
//   round_to_quads(V[4])  floats from 0 to 255 as unsigned values, four of a lane side by side
//   quads_to_float(sums)
//   value_of<I>(values)   the I-th of every four, signed, as float
//   one_quad(p)           four values, or one sum, in every lane
// clang-format on
#pragma once

#include "kernels/cpu/simd/simd.h"

namespace yent {
namespace {

#if defined(YENT_PLAIN_SIMD)

typedef Words Quads;
constexpr int dot_offset = 128;

inline Quads load_quads(const void* p) {
  Quads q;
  __builtin_memcpy(&q, p, sizeof q);
  return q;
}
inline void store_quads(void* p, const Quads& q) { __builtin_memcpy(p, &q, sizeof q); }
inline Quads all_quads(int32_t n) {
  Quads q;
  for (int32_t& lane : q.lane) lane = n;
  return q;
}
inline Quads dot(Quads sums, const Quads& raised, const Quads& quantized) {
  const auto* a = reinterpret_cast<const uint8_t*>(&raised);
  const auto* b = reinterpret_cast<const int8_t*>(&quantized);
  for (int i = 0; i < 4 * W; ++i) sums.lane[i / 4] += a[i] * b[i];
  return sums;
}
inline Quads flip(Quads quantized) {
  for (int32_t& lane : quantized.lane) lane ^= static_cast<int32_t>(0x80808080);
  return quantized;
}
inline Quads round_to_quads(const V* e) {
  Quads quantized;
  auto* to = reinterpret_cast<uint8_t*>(&quantized);
  for (int i = 0; i < 4 * W; ++i) {
    const float whole = round_even(e[i % 4]).lane[i / 4];
    to[i] = static_cast<uint8_t>(whole > 255 ? 255 : whole > 0 ? static_cast<int>(whole) : 0);
  }
  return quantized;
}

#elif defined(__AVX512F__)

typedef Words Quads;
constexpr int dot_offset = 128;

inline Quads load_quads(const void* p) { return _mm512_loadu_si512(p); }
inline void store_quads(void* p, Quads q) { _mm512_storeu_si512(p, q); }
inline Quads all_quads(int32_t n) { return _mm512_set1_epi32(n); }
inline Quads dot(Quads sums, Quads raised, Quads quantized) {
#if defined(__AVX512VNNI__)
  return _mm512_dpbusd_epi32(sums, raised, quantized);
#else
  const __m512i even = _mm512_madd_epi16(_mm512_and_si512(raised, _mm512_set1_epi16(255)),
                                         _mm512_srai_epi16(_mm512_slli_epi16(quantized, 8), 8));
  const __m512i odd =
      _mm512_madd_epi16(_mm512_srli_epi16(raised, 8), _mm512_srai_epi16(quantized, 8));
  return _mm512_add_epi32(sums, _mm512_add_epi32(even, odd));
#endif
}
inline Quads flip(Quads quantized) { return _mm512_xor_si512(quantized, _mm512_set1_epi8(-128)); }
inline Quads as_quads(V v) { return _mm512_castps_si512(v); }

// Packing leaves four of each source in every 128 bits; the shuffle interleaves them.
inline Quads round_to_quads(const V* e) {
  const __m512i turns =
      _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  const __m512i low = _mm512_packus_epi32(_mm512_cvtps_epi32(e[0]), _mm512_cvtps_epi32(e[1]));
  const __m512i high = _mm512_packus_epi32(_mm512_cvtps_epi32(e[2]), _mm512_cvtps_epi32(e[3]));
  return _mm512_shuffle_epi8(_mm512_packus_epi16(low, high), turns);
}

inline V quads_to_float(Quads sums) { return _mm512_cvtepi32_ps(sums); }
template <int I>
inline V value_of(Quads quantized) {
  return quads_to_float(_mm512_srai_epi32(_mm512_slli_epi32(quantized, 24 - 8 * I), 24));
}

#elif defined(__AVX2__)

typedef Words Quads;
constexpr int dot_offset = 128;

inline Quads load_quads(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}
inline void store_quads(void* p, Quads q) { _mm256_storeu_si256(static_cast<__m256i*>(p), q); }
inline Quads all_quads(int32_t n) { return _mm256_set1_epi32(n); }
inline Quads dot(Quads sums, Quads raised, Quads quantized) {
#if defined(__AVXVNNI__)
  return _mm256_dpbusd_avx_epi32(sums, raised, quantized);
#else
  const __m256i even = _mm256_madd_epi16(_mm256_and_si256(raised, _mm256_set1_epi16(255)),
                                         _mm256_srai_epi16(_mm256_slli_epi16(quantized, 8), 8));
  const __m256i odd =
      _mm256_madd_epi16(_mm256_srli_epi16(raised, 8), _mm256_srai_epi16(quantized, 8));
  return _mm256_add_epi32(sums, _mm256_add_epi32(even, odd));
#endif
}
inline Quads flip(Quads quantized) { return _mm256_xor_si256(quantized, _mm256_set1_epi8(-128)); }
inline Quads as_quads(V v) { return _mm256_castps_si256(v); }

// Packing leaves four of each source in every 128 bits; the shuffle interleaves them.
inline Quads round_to_quads(const V* e) {
  const __m256i turns = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
  const __m256i low = _mm256_packus_epi32(_mm256_cvtps_epi32(e[0]), _mm256_cvtps_epi32(e[1]));
  const __m256i high = _mm256_packus_epi32(_mm256_cvtps_epi32(e[2]), _mm256_cvtps_epi32(e[3]));
  return _mm256_shuffle_epi8(_mm256_packus_epi16(low, high), turns);
}

inline V quads_to_float(Quads sums) { return _mm256_cvtepi32_ps(sums); }
template <int I>
inline V value_of(Quads quantized) {
  return quads_to_float(_mm256_srai_epi32(_mm256_slli_epi32(quantized, 24 - 8 * I), 24));
}

#elif defined(__ARM_NEON)

typedef Words Quads;
constexpr int dot_offset = 0;

inline Quads load_quads(const void* p) {
  return vreinterpretq_s32_u8(vld1q_u8(static_cast<const uint8_t*>(p)));
}
inline void store_quads(void* p, Quads q) {
  vst1q_u8(static_cast<uint8_t*>(p), vreinterpretq_u8_s32(q));
}
inline Quads all_quads(int32_t n) { return vdupq_n_s32(n); }
inline Quads dot(Quads sums, Quads raised, Quads quantized) {
  const int8x16_t a = vreinterpretq_s8_s32(raised), b = vreinterpretq_s8_s32(quantized);
#if defined(__ARM_FEATURE_DOTPROD)
  return vdotq_s32(sums, a, b);
#else
  const int32x4_t low = vpaddlq_s16(vmull_s8(vget_low_s8(a), vget_low_s8(b)));
  const int32x4_t high = vpaddlq_s16(vmull_high_s8(a, b));
  return vaddq_s32(sums, vpaddq_s32(low, high));
#endif
}
inline Quads flip(Quads quantized) {
  return vreinterpretq_s32_u8(veorq_u8(vreinterpretq_u8_s32(quantized), vdupq_n_u8(128)));
}
inline Quads as_quads(V v) { return vreinterpretq_s32_f32(v); }

inline Quads round_to_quads(const V* e) {
  uint32x4_t quantized = vcvtnq_u32_f32(e[0]);
  quantized = vsliq_n_u32(quantized, vcvtnq_u32_f32(e[1]), 8);
  quantized = vsliq_n_u32(quantized, vcvtnq_u32_f32(e[2]), 16);
  quantized = vsliq_n_u32(quantized, vcvtnq_u32_f32(e[3]), 24);
  return vreinterpretq_s32_u32(quantized);
}

inline V quads_to_float(Quads sums) { return vcvtq_f32_s32(sums); }
template <int I>
inline V value_of(Quads quantized) {
  return quads_to_float(vshrq_n_s32(vshlq_n_s32(quantized, 24 - 8 * I), 24));
}

#endif

inline Quads one_quad(const void* p) {
  int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return all_quads(four);
}

inline Quads raise(Quads quantized) { return dot_offset ? flip(quantized) : quantized; }

}  // namespace
}  // namespace yent
