// The contract of attention: softmax(scale q k^T) v for queries of one head, block by block of
// keys with a running maximum, so that the scores never reach memory. And its driver.
#pragma once

#include "kernels/cpu/leaf.h"

namespace yent {

struct AttentionBlock {
  const float *q = nullptr, *k = nullptr, *v = nullptr;
  float* out = nullptr;
  size_t q_ld = 0, k_ld = 0, v_ld = 0, out_ld = 0;
  int queries = 0, keys = 0, width = 0;
  float scale = 1;
  const int32_t* positions = nullptr;  // query i sees the keys 0 .. positions[i]; null: all
  float* scratch = nullptr;
};

struct Attention {
  const char* name;
  Isa isa;
  int lanes;  // queries side by side in vectors: the granule of a block
  size_t (*scratch_floats)(int queries, int width);
  // A query's result does not depend on its neighbours in the block.
  void (*block)(const AttentionBlock&);
  // For queries too few to fill the lanes (decoding): one after another, lanes along the width.
  void (*few)(const AttentionBlock&);
};

}  // namespace yent
