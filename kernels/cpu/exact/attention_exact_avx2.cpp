// attention.h in int8, the same bits on every instruction set, for avx2.
#include "kernels/cpu/exact/attention_exact_kernel.h"

namespace yent {

extern const ExactAttention attention_exact_avx2 = attention_exact<6, 2>("avx2", Isa::avx2);

}  // namespace yent
