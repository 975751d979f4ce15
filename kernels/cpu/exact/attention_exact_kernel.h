// The exact row of an instruction set: attention_i8_kernel.h on f32. What decides the bits, the
// number of keys that share the scales of their values, is the same for all. The rest differs
// without a trace: sums of products are integers, and queries and keys are taken one by one.
#pragma once

#include "kernels/cpu/attention/attention_i8_kernel.h"

namespace yent {
namespace {

constexpr int exact_keys = 168;  // a multiple of every tile's height

template <int M, int N>
constexpr ExactAttention attention_exact(const char* name, Isa isa) {
  return attention_i8<M, N, exact_keys, float>(name, isa);
}

}  // namespace
}  // namespace yent
