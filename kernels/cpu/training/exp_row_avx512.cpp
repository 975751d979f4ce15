// exp_row.h for avx512.
#include "kernels/cpu/training/exp_row_kernel.h"

namespace yent {

extern const ExpRow exp_row_avx512{"avx512", Isa::avx512, exp_row};

}  // namespace yent
