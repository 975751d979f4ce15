// row_kernels.h for neon.
#include "kernels/cpu/rowwise/row_kernels_simd.h"

namespace yent {

extern const RowKernels row_kernels_neon = row_kernels("neon", Isa::neon);

}  // namespace yent
