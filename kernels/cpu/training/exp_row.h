// Exponentials along a row, for training. A table like those of isa_table.h.
#pragma once

#include "kernels/cpu/simd/leaf.h"

namespace yent {

struct ExpRow {
  const char* name = nullptr;
  Isa isa = Isa::ref;
  // out = e^(scale * x + shift), of which it returns the sum; `out` may be x.
  float (*run)(float* out, const float* x, size_t count, float scale, float shift) = nullptr;
};

}  // namespace yent
