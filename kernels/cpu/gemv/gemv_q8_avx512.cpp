// gemv_q8.h for avx512.
#include "kernels/cpu/gemv/gemv_q8_kernel.h"

namespace yent {

extern const GemvQ8 gemv_q8_avx512 = gemv_q8("avx512", Isa::avx512);

}  // namespace yent
