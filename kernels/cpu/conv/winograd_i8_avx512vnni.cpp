#include "kernels/cpu/conv/winograd_i8_kernel.h"

namespace yent {

extern const WinogradPair winograd_i8_avx512vnni = winograd_i8<14, 2>(2);

}  // namespace yent
