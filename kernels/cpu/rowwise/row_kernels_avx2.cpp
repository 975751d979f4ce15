// row_kernels.h for avx2.
#include "kernels/cpu/rowwise/row_kernels_simd.h"

namespace yent {

extern const RowKernels row_kernels_avx2 = row_kernels("avx2", Isa::avx2);

}  // namespace yent
