// vec for the row neon.
#include "kernels/cpu/vec_kernel.h"

namespace yent {

extern const Vec vec_neon = vec("neon", Isa::neon);

}  // namespace yent
