// gemm_i8 for machines without sdot: products of 16 bits, added in pairs.
#include "kernels/cpu/gemm/kernels/gemm_i8_dot_kernel.h"

namespace yent {

extern const Gemm gemm_i8_neon = gemm_i8<Dot, 8, 2>("neon", Isa::neon);

}  // namespace yent
