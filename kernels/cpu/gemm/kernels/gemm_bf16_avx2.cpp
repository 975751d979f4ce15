// gemm_bf16 for AVX2: bf16 in memory, f32 in registers.
#include "kernels/cpu/gemm/kernels/gemm_bf16_kernel.h"

namespace yent {

extern const WinogradPair winograd_bf16_avx2;
extern const Gemm gemm_bf16_avx2 = gemm_bf16<5, 2>("avx2", Isa::avx2, &winograd_bf16_avx2);

}  // namespace yent
