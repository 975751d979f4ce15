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

}  // namespace
}  // namespace yent
