// attention for the row ref, in the tile of its gemm_f32.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/attention/attention_kernel.h"

namespace yent {

extern const Attention attention_ref = attention<4, 2>("ref", Isa::ref);

}  // namespace yent
