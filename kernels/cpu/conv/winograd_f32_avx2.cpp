#include "kernels/cpu/conv/winograd_f32_kernel.h"

namespace yent {

extern const WinogradPair winograd_f32_avx2 = winograd_f32<F32Input, 6, 2>();
extern const WinogradPair winograd_bf16_avx2 = winograd_f32<Bf16Input, 6, 2>();

}  // namespace yent
