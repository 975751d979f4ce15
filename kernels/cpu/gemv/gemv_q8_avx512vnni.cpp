// gemv_q8.h for avx512vnni.
#include "kernels/cpu/gemv/gemv_q8_dot_kernel.h"

namespace yent {

extern const GemvQ8 gemv_q8_avx512vnni = gemv_q8_dot("avx512vnni", Isa::avx512vnni);

}  // namespace yent
