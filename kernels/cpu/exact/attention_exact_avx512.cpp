// attention.h in int8, the same bits on every instruction set, for avx512.
#include "kernels/cpu/exact/attention_exact_kernel.h"

namespace yent {

extern const ExactAttention attention_exact_avx512 = attention_exact<14, 2>("avx512", Isa::avx512);

}  // namespace yent
