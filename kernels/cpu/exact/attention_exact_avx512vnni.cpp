// attention.h in int8, the same bits on every instruction set, for avx512vnni.
#include "kernels/cpu/exact/attention_exact_kernel.h"

namespace yent {

extern const ExactAttention attention_exact_avx512vnni =
    attention_exact<14, 2>("avx512vnni", Isa::avx512vnni);

}  // namespace yent
