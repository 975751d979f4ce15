// Attention on threads: a task is one head of one image and a block of queries.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/attention.h"
#include "kernels/cpu/vec.h"

namespace yent {

struct AttentionKernels {
  const Attention& f32;
  const AttentionBf16& bf16;
  const Vec& vec;  // widens what is bf16 and not computed so
};

// In bf16 where q, k and v are, without positions, on a machine that has a kernel for it.
void attend(Arena& arena, int threads, const AttentionKernels& kernels, Tensor out, Tensor q,
            Tensor k, Tensor v, const AttnSpec& spec);

}  // namespace yent
