// row_kernels.h for AVX-512 with bf16: rounds to bf16 in one instruction.
#include "kernels/cpu/rowwise/row_kernels_simd.h"

namespace yent {

extern const RowKernels row_kernels_avx512bf16 = row_kernels("avx512bf16", Isa::avx512bf16);

}  // namespace yent
