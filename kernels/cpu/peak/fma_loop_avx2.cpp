#include "kernels/cpu/peak/fma_loop_simd.h"

namespace yent {

extern const FmaLoop fma_loop_avx2 = fma_loop("avx2", Isa::avx2);

}  // namespace yent
