// The AVX-512 row, rounding to bf16 in one instruction.
#include "kernels/cpu/vec_kernel.h"

namespace yent {

extern const Vec vec_avx512bf16 = vec("avx512bf16", Isa::avx512bf16);

}  // namespace yent
