#include "kernels/cpu/peak/fma_loop_simd.h"

namespace yent {

extern const FmaLoop fma_loop_avx512 = fma_loop("avx512", Isa::avx512);

}  // namespace yent
