// gemv_q8.h for neon_dot.
#include "kernels/cpu/gemv/gemv_q8_dot_kernel.h"

namespace yent {

extern const GemvQ8 gemv_q8_neon_dot = gemv_q8_dot("neon_dot", Isa::neon_dot);

}  // namespace yent
