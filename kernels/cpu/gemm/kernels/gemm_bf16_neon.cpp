// gemm_bf16 for AArch64: bf16 in memory, f32 in registers.
#include "kernels/cpu/gemm/kernels/gemm_bf16_kernel.h"

namespace yent {

extern const WinogradPair winograd_bf16_neon;
extern const Gemm gemm_bf16_neon = gemm_bf16<12, 2>("neon", Isa::neon, &winograd_bf16_neon);

}  // namespace yent
