// gemv_q8.h for neon.
#include "kernels/cpu/gemv/gemv_q8_kernel.h"

namespace yent {

extern const GemvQ8 gemv_q8_neon = gemv_q8("neon", Isa::neon);

}  // namespace yent
