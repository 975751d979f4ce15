// vec for the row ref.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/vec_kernel.h"

namespace yent {

extern const Vec vec_ref = vec("ref", Isa::ref);

}  // namespace yent
