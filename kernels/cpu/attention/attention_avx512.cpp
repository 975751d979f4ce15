// attention for the row avx512, in the tile of its gemm_f32.
#include "kernels/cpu/attention/attention_kernel.h"

namespace yent {

extern const Attention attention_avx512 = attention<14, 2>("avx512", Isa::avx512);

}  // namespace yent
