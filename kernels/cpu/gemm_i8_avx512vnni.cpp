// gemm_i8 with vpdpbusd on 512 bits, which wants the left side unsigned: 28 of 32 registers are
// sums.
#include "kernels/cpu/gemm_i8_kernel.h"

namespace yent {
namespace {

struct Dot {
  typedef __m512i Sums, Left, Right;
  static constexpr int lanes = 16, copies = 1, offset = 128;

  static Sums zero() { return _mm512_setzero_si512(); }
  static Sums load(const int32_t* p) { return _mm512_loadu_si512(p); }
  static void store(int32_t* p, Sums v) { _mm512_storeu_si512(p, v); }
  template <int MR>
  static Left left(const int8_t* p) {
    int32_t group;
    __builtin_memcpy(&group, p, sizeof group);
    return _mm512_set1_epi32(group);
  }
  static Right right(const int8_t* p) { return _mm512_loadu_si512(p); }
  static Sums dot(Sums sums, Left a, Right b) { return _mm512_dpbusd_epi32(sums, a, b); }

  template <int MR>
  static void put(float* to, V codes) {
    const __m512i flip = _mm512_set1_epi8(-128);
    _mm512_storeu_si512(to, _mm512_xor_si512(_mm512_castps_si512(codes), flip));
  }
  template <int MR>
  static void put_code(int8_t* to, int8_t code) {
    *to = static_cast<int8_t>(code ^ -128);
  }
};

}  // namespace

extern const Gemm gemm_i8_avx512vnni = gemm_i8<Dot, 14, 2>("avx512vnni", Isa::avx512vnni);

}  // namespace yent
