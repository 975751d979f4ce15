// No kernel: the driver converts to f32.
#include "kernels/cpu/attention/attention.h"

namespace yent {

extern const PackedAttention attention_bf16_ref = {.name = "f32", .isa = Isa::ref};

}  // namespace yent
