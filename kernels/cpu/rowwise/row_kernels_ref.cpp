// row_kernels.h for ref.
#define YENT_PLAIN_SIMD
#include "kernels/cpu/rowwise/row_kernels_simd.h"

namespace yent {

extern const RowKernels row_kernels_ref = row_kernels("ref", Isa::ref);

}  // namespace yent
