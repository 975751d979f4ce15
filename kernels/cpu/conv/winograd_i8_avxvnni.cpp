#include "kernels/cpu/conv/winograd_i8_kernel.h"

namespace yent {

extern const WinogradPair winograd_i8_avxvnni = winograd_i8<6, 2>(2);

}  // namespace yent
