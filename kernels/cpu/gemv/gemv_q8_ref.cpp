// gemv_q8.h for ref.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/gemv/gemv_q8_kernel.h"

namespace yent {

extern const GemvQ8 gemv_q8_ref = gemv_q8("ref", Isa::ref);

}  // namespace yent
