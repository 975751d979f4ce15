// vec for the row avx512.
#include "kernels/cpu/vec_kernel.h"

namespace yent {

extern const Vec vec_avx512 = vec("avx512", Isa::avx512);

}  // namespace yent
