// Chooses the kernel that an attention runs on.
#pragma once

#include "kernels/cuda/op_context.h"

namespace yent::cuda {

// Shapes and types have been checked by the caller.
void attend(const OpContext& op, Tensor out, Tensor q, Tensor k, Tensor v, const AttnSpec& s);

}  // namespace yent::cuda
