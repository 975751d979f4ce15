// gemv_q8 for the row avxvnni: vpdpbusd wants the codes unsigned.
#include "kernels/cpu/gemv_q8_dot_kernel.h"

namespace yent {
namespace {

struct Dot {
  typedef __m256i Sums;
  static constexpr int offset = 128;

  static Sums load(const void* p) { return _mm256_loadu_si256(static_cast<const __m256i*>(p)); }
  static Sums set1(const void* p) {
    int32_t x;
    __builtin_memcpy(&x, p, sizeof x);
    return _mm256_set1_epi32(x);
  }
  static Sums dot(Sums sums, Sums codes, Sums inputs) {
    return _mm256_dpbusd_avx_epi32(sums, codes, inputs);
  }
  static V to_float(Sums a) { return _mm256_cvtepi32_ps(a); }
  template <int I>
  static V code(Sums codes) {
    const Sums flipped = _mm256_xor_si256(codes, _mm256_set1_epi8(-128));
    return to_float(_mm256_srai_epi32(_mm256_slli_epi32(flipped, 24 - 8 * I), 24));
  }
};

}  // namespace

extern const GemvQ8 gemv_q8_avxvnni = gemv_q8_dot<Dot>("avxvnni", Isa::avxvnni);

}  // namespace yent
