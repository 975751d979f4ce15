// Attention on threads: a task is one head of one image and a block of queries.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/attention.h"

namespace yent {

void attend(Arena& arena, int threads, const Attention& kernel, Tensor out, Tensor q, Tensor k,
            Tensor v, const AttnSpec& spec);

}  // namespace yent
