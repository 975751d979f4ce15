// attention.h in int8 with vpdpbusd on 256 bits: 12 of 16 registers are sums.
#include "kernels/cpu/attention/attention_i8_kernel.h"

namespace yent {

extern const PackedAttention attention_i8_avxvnni =
    attention_i8<6, 2, 168>("avxvnni", Isa::avxvnni);

}  // namespace yent
