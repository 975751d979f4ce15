#define YENT_PLAIN_SIMD
#include "kernels/cpu/peak/fma_loop_simd.h"

namespace yent {

extern const FmaLoop fma_loop_ref = fma_loop("ref", Isa::ref);

}  // namespace yent
