// gemv_q8.h for avxvnni.
#include "kernels/cpu/gemv/gemv_q8_dot_kernel.h"

namespace yent {

extern const GemvQ8 gemv_q8_avxvnni = gemv_q8_dot("avxvnni", Isa::avxvnni);

}  // namespace yent
