// attention.h in int8 with sdot: 24 of 32 registers are sums.
#include "kernels/cpu/attention/attention_i8_kernel.h"

namespace yent {

extern const PackedAttention attention_i8_neon_dot =
    attention_i8<12, 2, 168>("neon_dot", Isa::neon_dot);

}  // namespace yent
