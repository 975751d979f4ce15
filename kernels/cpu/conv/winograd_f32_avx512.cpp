#include "kernels/cpu/conv/winograd_f32_kernel.h"

namespace yent {

extern const WinogradPair winograd_f32_avx512 = winograd_f32<F32Input, 14, 2>();
extern const WinogradPair winograd_bf16_avx512 = winograd_f32<Bf16Input, 14, 2>();
// Beside products that add two at once, those of f32 cost twice as much.
extern const WinogradPair winograd_bf16_avx512bf16 = winograd_f32<Bf16Input, 14, 2>(2);

}  // namespace yent
