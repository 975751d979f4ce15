#include "kernels/cpu/peak/fma_loop_simd.h"

namespace yent {

extern const FmaLoop fma_loop_neon = fma_loop("neon", Isa::neon);

}  // namespace yent
