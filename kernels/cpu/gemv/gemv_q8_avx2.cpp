// gemv_q8.h for avx2.
#include "kernels/cpu/gemv/gemv_pairs_kernel.h"

namespace yent {

extern const GemvQ8 gemv_q8_avx2 = gemv_q8_pairs("avx2", Isa::avx2);

}  // namespace yent
