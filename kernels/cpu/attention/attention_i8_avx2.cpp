// attention.h in int8 with vpmaddubsw, which adds products in pairs of 16 bits and saturates: keys
// and values keep to 63, so that a pair stays within 2 * 255 * 63 = 32130.
#include "kernels/cpu/attention/attention_i8_kernel.h"

namespace yent {
namespace {

struct PairProduct {
  static constexpr int limit = 63;
  static Quads add(Quads sums, Quads raised, Quads quantized) {
    const Quads pairs = _mm256_maddubs_epi16(raised, quantized);
    return _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};

}  // namespace

extern const PackedAttention attention_i8_avx2 =
    attention_i8<5, 2, 160, uint16_t, PairProduct>("avx2", Isa::avx2);

}  // namespace yent
