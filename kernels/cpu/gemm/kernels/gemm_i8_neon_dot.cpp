// gemm_i8 with sdot: 24 of 32 registers are sums.
#include "kernels/cpu/gemm/kernels/gemm_i8_dot_kernel.h"

namespace yent {

extern const Gemm gemm_i8_neon_dot = gemm_i8<Dot, 12, 2>("neon_dot", Isa::neon_dot);

}  // namespace yent
