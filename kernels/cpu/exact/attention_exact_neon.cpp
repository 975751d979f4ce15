// attention.h in int8, the same bits on every instruction set, for neon.
#include "kernels/cpu/exact/attention_exact_kernel.h"

namespace yent {

extern const ExactAttention attention_exact_neon = attention_exact<12, 2>("neon", Isa::neon);

}  // namespace yent
