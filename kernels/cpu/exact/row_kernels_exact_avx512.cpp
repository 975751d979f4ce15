// row_kernels.h, the same bits on every instruction set, for avx512.
#include "kernels/cpu/exact/row_exact_kernel.h"

namespace yent {

extern const RowKernels row_kernels_exact_avx512 = row_kernels_exact("avx512", Isa::avx512);

}  // namespace yent
