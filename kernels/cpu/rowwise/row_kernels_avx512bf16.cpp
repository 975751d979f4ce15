// The AVX-512 row, rounding to bf16 in one instruction.
#include "kernels/cpu/rowwise/row_kernels_simd.h"

namespace yent {

extern const RowKernels row_kernels_avx512bf16 = row_kernels("avx512bf16", Isa::avx512bf16);

}  // namespace yent
