// attention.h in int8 with vpdpbusd on 512 bits: 28 of 32 registers are sums.
#include "kernels/cpu/attention/attention_i8_kernel.h"

namespace yent {

extern const PackedAttention attention_i8_avx512vnni =
    attention_i8<14, 2, 168>("avx512vnni", Isa::avx512vnni);

}  // namespace yent
