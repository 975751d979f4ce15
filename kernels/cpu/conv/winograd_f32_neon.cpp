#include "kernels/cpu/conv/winograd_f32_kernel.h"

namespace yent {

extern const WinogradPair winograd_f32_neon = winograd_f32<F32Input, 12, 2>();
extern const WinogradPair winograd_bf16_neon = winograd_f32<Bf16Input, 12, 2>();

}  // namespace yent
