// attention.h in f32 for ref, with the tile size of its gemm_f32.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/attention/attention_kernel.h"

namespace yent {

extern const Attention attention_ref = attention<4, 2>("ref", Isa::ref);

}  // namespace yent
