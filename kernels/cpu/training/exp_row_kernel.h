// exp_row.h, written once over simd.h; a leaf instantiates it for its instruction set.
#pragma once

#include "kernels/cpu/simd/simd_math.h"
#include "kernels/cpu/training/exp_row.h"

namespace yent {
namespace {

float exp_row(float* out, const float* x, size_t count, float scale, float shift) {
  const V factor = set1(scale), offset = set1(shift);
  V total = zero();
  size_t c = 0;
  for (; c + W <= count; c += W) {
    const V e = exp(fma(load(x + c), factor, offset));
    store(out + c, e);
    total = add(total, e);
  }
  float last[W] = {};
  if (c < count) {
    const int rest = static_cast<int>(count - c);
    store_part(last, exp(fma(load_part(x + c, rest), factor, offset)), rest);
    store_part(out + c, load(last), rest);
  }
  return sum(add(total, load(last)));
}

}  // namespace
}  // namespace yent
