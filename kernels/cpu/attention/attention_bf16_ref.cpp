#include "kernels/cpu/attention/attention.h"

namespace yent {

extern const AttentionBf16 attention_bf16_ref = {"f32",   Isa::ref, 0,       0,
                                                 nullptr, nullptr,  nullptr, nullptr};

}  // namespace yent
