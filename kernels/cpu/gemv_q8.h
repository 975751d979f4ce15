// The contract of products with q8_0 weights, read as they lie in the file: blocks of 32 codes
// behind one f16 scale, 34 bytes, at any address.
#pragma once

#include "kernels/cpu/leaf.h"

namespace yent {

struct GemvQ8 {
  const char* name;
  Isa isa;
  // y[i * y_step] = row i . x, for `rows` rows of k / 32 blocks, one after another.
  void (*multiply)(float* y, size_t y_step, const unsigned char* blocks, size_t rows, int k,
                   const float* x);
  // One row as floats.
  void (*expand)(float* to, const unsigned char* blocks, int k);
};

}  // namespace yent
