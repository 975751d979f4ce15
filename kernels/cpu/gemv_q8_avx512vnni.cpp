// gemv_q8 for the row avx512vnni: vpdpbusd wants the codes unsigned.
#include "kernels/cpu/gemv_q8_dot_kernel.h"

namespace yent {
namespace {

struct Dot {
  typedef __m512i Sums;
  static constexpr int offset = 128;

  static Sums load(const void* p) { return _mm512_loadu_si512(p); }
  static Sums set1(const void* p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return _mm512_set1_epi32(x);
  }
  static Sums dot(Sums sums, Sums codes, Sums inputs) {
    return _mm512_dpbusd_epi32(sums, codes, inputs);
  }
  static V to_float(Sums a) { return _mm512_cvtepi32_ps(a); }
  template <int I>
  static V code(Sums codes) {
    const Sums flipped = _mm512_xor_si512(codes, _mm512_set1_epi8(-128));
    return to_float(_mm512_srai_epi32(_mm512_slli_epi32(flipped, 24 - 8 * I), 24));
  }
};

}  // namespace

extern const GemvQ8 gemv_q8_avx512vnni = gemv_q8_dot<Dot>("avx512vnni", Isa::avx512vnni);

}  // namespace yent
