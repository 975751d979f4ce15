// gemm_f32 for AArch64: 24 of 32 registers are sums.
#include "kernels/cpu/gemm/kernels/gemm_f32_kernel.h"

namespace yent {

extern const WinogradPair winograd_f32_neon;
extern const Gemm gemm_f32_neon = gemm_f32<12, 2>("neon", Isa::neon, &winograd_f32_neon);

}  // namespace yent
