// attention.h in int8, the same bits on every instruction set, for avxvnni.
#include "kernels/cpu/exact/attention_exact_kernel.h"

namespace yent {

extern const ExactAttention attention_exact_avxvnni =
    attention_exact<6, 2>("avxvnni", Isa::avxvnni);

}  // namespace yent
