// gemm_f32 for AVX2: 12 of 16 registers are sums.
#include "kernels/cpu/gemm/kernels/gemm_f32_kernel.h"

namespace yent {

extern const WinogradPair winograd_f32_avx2;
extern const Gemm gemm_f32_avx2 = gemm_f32<6, 2>("avx2", Isa::avx2, &winograd_f32_avx2);

}  // namespace yent
