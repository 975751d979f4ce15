// Chooses the kernel that an attention runs on.
#pragma once

#include "kernels/backend.h"
#include "kernels/cuda/runtime/queue.h"

namespace yent::cuda {

// Shapes and types have been checked by the caller.
void attend(Queue& queue, Arena& arena, Tensor out, Tensor q, Tensor k, Tensor v,
            const AttnSpec& s);

}  // namespace yent::cuda
