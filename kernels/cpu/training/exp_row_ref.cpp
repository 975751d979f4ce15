// exp_row.h for ref.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/training/exp_row_kernel.h"

namespace yent {

extern const ExpRow exp_row_ref{"ref", Isa::ref, exp_row};

}  // namespace yent
