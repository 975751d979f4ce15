// attention.h in f32 for avx2, with the tile size of its gemm_f32.
#include "kernels/cpu/attention/attention_kernel.h"

namespace yent {

extern const Attention attention_avx2 = attention<6, 2>("avx2", Isa::avx2);

}  // namespace yent
