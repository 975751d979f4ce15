// Copies between dense host memory and activations of any layout.
#pragma once

#include "kernels/tensor.h"

namespace yent {

// `dst` is row major; `src` is dense, of the same type.
void copy_from_host(Tensor dst, const void* src);
// bf16 and int8 activations are written as f32, all else as it is.
void copy_to_host(void* dst, Tensor src);

}  // namespace yent
