// attention.h in f32 for neon, with the tile size of its gemm_f32.
#include "kernels/cpu/attention/attention_kernel.h"

namespace yent {

extern const Attention attention_neon = attention<12, 2>("neon", Isa::neon);

}  // namespace yent
