// exp_row.h for avx2.
#include "kernels/cpu/training/exp_row_kernel.h"

namespace yent {

extern const ExpRow exp_row_avx2{"avx2", Isa::avx2, exp_row};

}  // namespace yent
