// vec for the row avx2.
#include "kernels/cpu/vec_kernel.h"

namespace yent {

extern const Vec vec_avx2 = vec("avx2", Isa::avx2);

}  // namespace yent
