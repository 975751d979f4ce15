// gemm_i8 with vpdpbusd on 256 bits: 12 of 16 registers are sums.
#include "kernels/cpu/gemm/kernels/gemm_i8_dot_kernel.h"

namespace yent {

extern const WinogradPair winograd_i8_avxvnni;
extern const Gemm gemm_i8_avxvnni =
    gemm_i8<Dot, 6, 2>("avxvnni", Isa::avxvnni, &winograd_i8_avxvnni);

}  // namespace yent
