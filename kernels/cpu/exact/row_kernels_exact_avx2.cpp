// row_kernels.h, the same bits on every instruction set, for avx2.
#include "kernels/cpu/exact/row_exact_kernel.h"

namespace yent {

extern const RowKernels row_kernels_exact_avx2 = row_kernels_exact("avx2", Isa::avx2);

}  // namespace yent
