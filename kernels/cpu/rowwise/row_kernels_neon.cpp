// vec for the row neon.
#include "kernels/cpu/rowwise/row_kernels_simd.h"

namespace yent {

extern const RowKernels row_kernels_neon = row_kernels("neon", Isa::neon);

}  // namespace yent
