// row_kernels.h for avx512.
#include "kernels/cpu/rowwise/row_kernels_simd.h"

namespace yent {

extern const RowKernels row_kernels_avx512 = row_kernels("avx512", Isa::avx512);

}  // namespace yent
