// exp_row.h for neon.
#include "kernels/cpu/training/exp_row_kernel.h"

namespace yent {

extern const ExpRow exp_row_neon{"neon", Isa::neon, exp_row};

}  // namespace yent
