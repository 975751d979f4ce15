// row_kernels.h, the same bits on every instruction set, for neon.
#include "kernels/cpu/exact/row_exact_kernel.h"

namespace yent {

extern const RowKernels row_kernels_exact_neon = row_kernels_exact("neon", Isa::neon);

}  // namespace yent
