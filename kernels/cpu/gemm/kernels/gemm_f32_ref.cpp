// gemm_f32 in plain C++, for machines no other row supports.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/gemm/kernels/gemm_f32_kernel.h"

namespace yent {

extern const Gemm gemm_f32_ref = gemm_f32<4, 2>("ref", Isa::ref);

}  // namespace yent
