// The activation functions, for every device. No header of the standard library but <stdint.h>:
// files that are compiled for one instruction set include this one.
#pragma once

#include <stdint.h>

namespace yent {

// SiLU x * sigmoid(x); GELU by erf; CLIP's quick GELU x * sigmoid(1.702 x).
enum class Fn : uint8_t { none, silu, gelu, quick_gelu };

}  // namespace yent
