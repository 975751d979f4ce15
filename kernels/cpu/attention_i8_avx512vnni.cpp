// Attention on codes with vpdpbusd on 512 bits, which wants queries and weights unsigned: 28 of
// 32 registers are sums.
#include "kernels/cpu/attention_i8_kernel.h"

namespace yent {
namespace {

struct Dot {
  typedef __m512i Sums, Left, Right;
  static constexpr int query_offset = 128, weight_offset = 0;

  static Sums start(int32_t n) { return _mm512_set1_epi32(n); }
  static void store(int32_t* p, Sums v) { _mm512_storeu_si512(p, v); }
  static Left left(const int8_t* p) {
    int32_t group;
    __builtin_memcpy(&group, p, sizeof group);
    return _mm512_set1_epi32(group);
  }
  static Right right(const uint8_t* p) { return _mm512_loadu_si512(p); }
  static Sums dot(Sums sums, Left a, Right b) { return _mm512_dpbusd_epi32(sums, b, a); }

  // Packing leaves four of each in every 128 bits, which are then taken by turns.
  template <int Lower>
  static void pack(uint8_t* to, const V* e) {
    const __m512i turns =
        _mm512_broadcast_i32x4(_mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15));
    const __m512i low = _mm512_packus_epi32(_mm512_cvtps_epi32(e[0]), _mm512_cvtps_epi32(e[1]));
    const __m512i high = _mm512_packus_epi32(_mm512_cvtps_epi32(e[2]), _mm512_cvtps_epi32(e[3]));
    const __m512i codes = _mm512_shuffle_epi8(_mm512_packus_epi16(low, high), turns);
    _mm512_storeu_si512(to, _mm512_xor_si512(codes, _mm512_set1_epi8(static_cast<char>(Lower))));
  }
};

}  // namespace

extern const AttentionBf16 attention_i8_avx512vnni =
    attention_i8<Dot, 14, 2, 112>("avx512vnni", Isa::avx512vnni);

}  // namespace yent
