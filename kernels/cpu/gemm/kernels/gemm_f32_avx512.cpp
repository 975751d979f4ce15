// gemm_f32 for AVX-512: 28 of 32 registers are sums.
#include "kernels/cpu/gemm/kernels/gemm_f32_kernel.h"

namespace yent {

extern const WinogradPair winograd_f32_avx512;
extern const Gemm gemm_f32_avx512 = gemm_f32<14, 2>("avx512", Isa::avx512, &winograd_f32_avx512);

}  // namespace yent
