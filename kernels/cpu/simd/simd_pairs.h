// Vectors of 16-bit and 32-bit integers for x86, in the manner of simd.h, with the operators of the
// compiler's vector types. Arithmetic is modulo 2^16 and 2^32.
//
// clang-format off
//   Shorts Ints            `short_lanes` values of 16 bits, half as many of 32
//   load_vector<T>(p) store_vector(p, v)
//   low_bytes high_bytes   of every 16 bits: the byte at the lower and the one at the higher
//                          address, sign-extended
//   one_pair(p)            two values of 16 bits in all pairs of lanes
//   dot_pairs(sums, a, b)  adds to each sum the two products of its pair
//   round_to_pairs(V, V)   of AVX2: 16 floats as integers; of every four, the second and third have
//                          changed places
// clang-format on
#pragma once

#include <immintrin.h>
#include <stdint.h>

namespace yent {
namespace {

#if defined(__AVX512BW__)
constexpr int short_lanes = 32;
#else
constexpr int short_lanes = 16;
#endif

typedef uint16_t Shorts __attribute__((vector_size(2 * short_lanes)));
typedef int16_t SignedShorts __attribute__((vector_size(2 * short_lanes)));
typedef uint32_t Ints __attribute__((vector_size(2 * short_lanes)));
typedef int32_t SignedInts __attribute__((vector_size(2 * short_lanes)));

template <class T>
inline T load_vector(const void* p) {
  T v;
  __builtin_memcpy(&v, p, sizeof v);
  return v;
}
template <class T>
inline void store_vector(void* p, T v) {
  __builtin_memcpy(p, &v, sizeof v);
}

inline Shorts high_bytes(Shorts v) {
  return reinterpret_cast<Shorts>(reinterpret_cast<SignedShorts>(v) >> 8);
}
inline Shorts low_bytes(Shorts v) { return high_bytes(v << 8); }

inline Shorts one_pair(const void* p) {
  uint32_t two;
  __builtin_memcpy(&two, p, sizeof two);
  return reinterpret_cast<Shorts>(Ints{} + two);
}

#if defined(__AVX512VNNI__)
inline Ints dot_pairs(Ints sums, Shorts a, Shorts b) {
  return reinterpret_cast<Ints>(_mm512_dpwssd_epi32(
      reinterpret_cast<__m512i>(sums), reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}
#elif defined(__AVXVNNI__)
inline Ints dot_pairs(Ints sums, Shorts a, Shorts b) {
  return reinterpret_cast<Ints>(_mm256_dpwssd_avx_epi32(
      reinterpret_cast<__m256i>(sums), reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}
#else
inline Ints dot_pairs(Ints sums, Shorts a, Shorts b) {
  sums += reinterpret_cast<Ints>(
      _mm256_madd_epi16(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
  // Without this GCC computes the products of a whole tile before it adds them, and spills.
  __asm__("" : "+x"(sums));
  return sums;
}
#endif

#if !defined(__AVX512BW__)
// Packing interleaves the halves of both sources; the permutation puts them in order.
inline Shorts round_to_pairs(__m256 low, __m256 high) {
  const __m256i places = _mm256_broadcastsi128_si256(
      _mm_setr_epi8(0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15));
  const __m256i whole = _mm256_packs_epi32(_mm256_cvtps_epi32(low), _mm256_cvtps_epi32(high));
  const __m256i ordered = _mm256_permute4x64_epi64(whole, 0xd8);
  return reinterpret_cast<Shorts>(_mm256_shuffle_epi8(ordered, places));
}
#endif

}  // namespace
}  // namespace yent
