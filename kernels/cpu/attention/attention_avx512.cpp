// attention.h in f32 for avx512, with the tile size of its gemm_f32.
#include "kernels/cpu/attention/attention_kernel.h"

namespace yent {

extern const Attention attention_avx512 = attention<14, 2>("avx512", Isa::avx512);

}  // namespace yent
