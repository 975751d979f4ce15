// gemm_i8 for AVX2, exact: |a| times b with the sign of a. Values stay within 127, so a pair of
// products stays within 32258 and vpmaddubsw never saturates.
#include "kernels/cpu/gemm/kernels/gemm_i8_kernel.h"

namespace yent {
namespace {

struct Dot {
  typedef __m256i Sums, Right;
  struct Left {
    __m256i quantized, sizes;
  };
  static constexpr int lanes = 8, copies = 2, offset = 0;

  static Sums zero() { return _mm256_setzero_si256(); }
  static Sums load(const int32_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static void store(int32_t* p, Sums v) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), v); }
  template <int MR>
  static Left left(const int8_t* p) {
    int32_t quantized, sizes;
    __builtin_memcpy(&quantized, p, sizeof quantized);
    __builtin_memcpy(&sizes, p + 4 * MR, sizeof sizes);
    return {_mm256_set1_epi32(quantized), _mm256_set1_epi32(sizes)};
  }
  static Right right(const int8_t* p) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p));
  }
  static Sums dot(Sums sums, const Left& a, Right b) {
    const __m256i pairs = _mm256_maddubs_epi16(a.sizes, _mm256_sign_epi8(b, a.quantized));
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }

  template <int MR>
  static void put(float* to, V quantized) {
    const __m256i sizes = _mm256_abs_epi8(_mm256_castps_si256(quantized));
    yent::store(to, quantized);
    yent::store(to + MR, _mm256_castsi256_ps(sizes));
  }
  template <int MR>
  static void put_value(int8_t* to, int8_t value) {
    to[0] = value;
    to[4 * MR] = static_cast<int8_t>(value < 0 ? -value : value);
  }
};

}  // namespace

extern const WinogradPair winograd_i8_avx2;
extern const Gemm gemm_i8_avx2 = gemm_i8<Dot, 4, 2>("avx2", Isa::avx2, &winograd_i8_avx2);

}  // namespace yent
