// The activation functions, for every device. It includes only <stdint.h>, because leaves include
// it (kernels/cpu/simd/leaf.h).
#pragma once

#include <stdint.h>

namespace yent {

// SiLU x * sigmoid(x); GELU by erf; CLIP's quick GELU x * sigmoid(1.702 x); squared
// ReLU max(0, x)^2.
enum class Fn : uint8_t { none, silu, gelu, quick_gelu, relu_squared };

}  // namespace yent
