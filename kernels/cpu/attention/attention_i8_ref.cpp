// Attention on codes in plain C++.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/attention/attention_i8_kernel.h"

namespace yent {

extern const AttentionBf16 attention_i8_ref = attention_i8<4, 2, 168>("ref", Isa::ref);

}  // namespace yent
