// attention.h in int8, the same bits on every instruction set, for neon_dot.
#include "kernels/cpu/exact/attention_exact_kernel.h"

namespace yent {

extern const ExactAttention attention_exact_neon_dot =
    attention_exact<12, 2>("neon_dot", Isa::neon_dot);

}  // namespace yent
