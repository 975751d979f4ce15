// Attention on threads: a task is one head of one image and a block of queries.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/isa_table.h"

namespace yent {

// In bf16 where q, k and v are, without positions, on a machine that has a kernel for it; else on
// codes where that is allowed, likewise.
void attend(Arena& arena, int threads, const Kernels& kernels, Tensor out, Tensor q, Tensor k,
            Tensor v, const AttnSpec& spec);

}  // namespace yent
