// gemm_i8 with vpdpbusd on 256 bits, which wants the left side unsigned: 12 of 16 registers are
// sums.
#include "kernels/cpu/gemm_i8_kernel.h"

namespace yent {
namespace {

struct Dot {
  typedef __m256i Sums, Left, Right;
  static constexpr int lanes = 8, copies = 1, offset = 128;

  static Sums zero() { return _mm256_setzero_si256(); }
  static Sums load(const int32_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static void store(int32_t* p, Sums v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
  template <int MR>
  static Left left(const int8_t* p) {
    int32_t group;
    __builtin_memcpy(&group, p, sizeof group);
    return _mm256_set1_epi32(group);
  }
  static Right right(const int8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static Sums dot(Sums sums, Left a, Right b) { return _mm256_dpbusd_avx_epi32(sums, a, b); }

  template <int MR>
  static void put(float* to, V codes) {
    const __m256i flip = _mm256_set1_epi8(-128);
    yent::store(to, _mm256_xor_ps(codes, _mm256_castsi256_ps(flip)));
  }
  template <int MR>
  static void put_code(int8_t* to, int8_t code) {
    *to = static_cast<int8_t>(code ^ -128);
  }
};

}  // namespace

extern const Gemm gemm_i8_avxvnni = gemm_i8<Dot, 6, 2>("avxvnni", Isa::avxvnni);

}  // namespace yent
