// Attention on threads: a task is one head of one image and a block of queries.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/attention/attention.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// The rows of the three tables.
struct AttentionKernels {
  const Attention& f32;
  const PackedAttention &bf16, &i8;
  const ExactAttention* exact;  // null: the result may depend on the instruction set
};

struct AttentionInput {
  Tensor q, k, v;
};

// Without positions, bf16 inputs are multiplied as bf16 where the machine has such a kernel, else
// as int8 where the spec allows it and the machine has that one. All else is computed in f32.
// Exact attention is int8 without positions where the spec allows it, else in f32, key by key.
void attend(const CpuRun& run, const AttentionKernels& kernels, const Tensor& out,
            const AttentionInput& in, const AttnSpec& spec);

}  // namespace yent
