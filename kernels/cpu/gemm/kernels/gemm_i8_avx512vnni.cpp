// gemm_i8 with vpdpbusd on 512 bits: 28 of 32 registers are sums.
#include "kernels/cpu/gemm/kernels/gemm_i8_dot_kernel.h"

namespace yent {

extern const WinogradPair winograd_i8_avx512vnni;
extern const Gemm gemm_i8_avx512vnni =
    gemm_i8<Dot, 14, 2>("avx512vnni", Isa::avx512vnni, &winograd_i8_avx512vnni);

}  // namespace yent
