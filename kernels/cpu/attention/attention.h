// The contract of attention: softmax(scale q k^T) v for queries of one head, block by block of
// keys with a running maximum, so that the scores never reach memory. One kind of row computes
// in f32, the other multiplies bf16, or codes of it.
#pragma once

#include "kernels/cpu/simd/leaf.h"

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
  void (*decode)(const AttentionBlock&);
};

// Keys and values of one head, on their way to how a kernel wants them.
struct KeysBf16 {
  const uint16_t *k = nullptr, *v = nullptr;
  size_t k_ld = 0, v_ld = 0;
  int keys = 0, width = 0;
  void* staged = nullptr;
};

// Some queries of one head; all of them see all keys.
struct QueriesBf16 {
  const uint16_t* q = nullptr;
  void* out = nullptr;  // bf16 or, if so marked, f32
  size_t q_ld = 0, out_ld = 0;
  bool out_f32 = false;
  int queries = 0, keys = 0, width = 0;
  float scale = 1;
  const void* staged = nullptr;
  void* scratch = nullptr;
};

// In the table of bf16 the inputs count as exact, exponentials are rounded to bf16: an output is
// good to about 2^-9 of the values it mixes. In the table of i8 all are rounded to codes, a query
// and a key each by its own scale. A row whose functions are null stands for widening to f32.
// Memory is 64-byte aligned.
struct AttentionBf16 {
  const char* name;
  Isa isa;
  int keys;     // staged at a time: the granule of `first`
  int queries;  // the granule of a block
  size_t (*staged_bytes)(int keys, int width);
  size_t (*scratch_bytes)(int queries, int width);
  void (*stage)(const KeysBf16&, int first);
  // A query's result does not depend on its neighbours in the block.
  void (*block)(const QueriesBf16&);
};

}  // namespace yent
