// Attention on codes with vpdpbusd on 256 bits, which wants queries and weights unsigned: 12 of
// 16 registers are sums.
#include "kernels/cpu/attention_i8_kernel.h"

namespace yent {
namespace {

struct Dot {
  typedef __m256i Sums, Left, Right;
  static constexpr int query_offset = 128, weight_offset = 0;

  static Sums start(int32_t n) { return _mm256_set1_epi32(n); }
  static void store(int32_t* p, Sums v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
  static Left left(const int8_t* p) {
    int32_t group;
    __builtin_memcpy(&group, p, sizeof group);
    return _mm256_set1_epi32(group);
  }
  static Right right(const uint8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static Sums dot(Sums sums, Left a, Right b) { return _mm256_dpbusd_avx_epi32(sums, b, a); }

  // Packing leaves four of each in every 128 bits, which are then taken by turns.
  template <int Lower>
  static void pack(uint8_t* to, const V* e) {
    const __m256i turns = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const __m256i low = _mm256_packus_epi32(_mm256_cvtps_epi32(e[0]), _mm256_cvtps_epi32(e[1]));
    const __m256i high = _mm256_packus_epi32(_mm256_cvtps_epi32(e[2]), _mm256_cvtps_epi32(e[3]));
    const __m256i codes = _mm256_shuffle_epi8(_mm256_packus_epi16(low, high), turns);
    const __m256i flip = _mm256_set1_epi8(static_cast<char>(Lower));
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_xor_si256(codes, flip));
  }
};

}  // namespace

extern const AttentionBf16 attention_i8_avxvnni =
    attention_i8<Dot, 6, 2, 168>("avxvnni", Isa::avxvnni);

}  // namespace yent
