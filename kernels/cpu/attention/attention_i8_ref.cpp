// attention.h in int8 in plain C++.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/attention/attention_i8_kernel.h"

namespace yent {

extern const PackedAttention attention_i8_ref = attention_i8<4, 2, 168>("ref", Isa::ref);

}  // namespace yent
