// gemm_bf16 for AVX-512: bf16 in memory, f32 in registers.
#include "kernels/cpu/gemm/kernels/gemm_bf16_kernel.h"

namespace yent {

extern const WinogradPair winograd_bf16_avx512;
extern const Gemm gemm_bf16_avx512 = gemm_bf16<13, 2>("avx512", Isa::avx512, &winograd_bf16_avx512);

}  // namespace yent
