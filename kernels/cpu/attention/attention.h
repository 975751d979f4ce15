// The contract of attention: softmax(scale q k^T) v for queries of one head, block by block of keys
// with a running maximum, so that the scores never reach memory.
#pragma once

#include "kernels/cpu/simd/leaf.h"
#include "kernels/integers.h"

namespace yent {

// Some queries of one head in f32, and the head's keys and values, f32 or f16. `ld` is in elements.
struct AttentionBlock {
  const float* q = nullptr;
  const void *k = nullptr, *v = nullptr;
  bool halves = false;  // k and v are f16
  float* out = nullptr;
  size_t q_ld = 0, k_ld = 0, v_ld = 0, out_ld = 0;
  int queries = 0, keys = 0, width = 0;
  float scale = 1;
  const int32_t* positions = nullptr;  // query i sees the keys 0 .. positions[i]; null: all
  float* scratch = nullptr;
};

// The same of several heads side by side: q, k, v and out are those of head 0. `group` heads of
// queries share a head of keys.
struct AttentionHeads : AttentionBlock {
  int first_head = 0, heads = 1, group = 1;
};

// Rows of the f32 table.
struct Attention {
  const char* name = nullptr;
  Isa isa = Isa::ref;
  int lanes = 0;  // queries side by side in vectors: the granule of a block
  size_t (*scratch_floats)(int queries, int width) = nullptr;
  // A query's result does not depend on the other queries of the block.
  void (*block)(const AttentionBlock&) = nullptr;
  // For fewer queries than lanes (decoding): each for itself, the lanes along the width. Scratch is
  // two floats for each head of each query.
  void (*decode)(const AttentionHeads&) = nullptr;
};

// The keys and values of one head, bf16 (uint16_t) or f32, to be packed as a kernel wants them.
template <class T>
struct AttentionKeysOf {
  const T *k = nullptr, *v = nullptr;
  size_t k_ld = 0, v_ld = 0;
  int keys = 0, width = 0;
  void* packed = nullptr;
};
using AttentionKeys = AttentionKeysOf<uint16_t>;

// Some queries of one head; all of them see all keys.
template <class T>
struct AttentionQueriesOf {
  const T* q = nullptr;
  void* out = nullptr;  // f32 if `out_f32`, else bf16
  size_t q_ld = 0, out_ld = 0;
  bool out_f32 = false;
  int queries = 0, keys = 0, width = 0;
  float scale = 1;
  const void* packed = nullptr;
  void* scratch = nullptr;
};
using AttentionQueries = AttentionQueriesOf<uint16_t>;

// Rows of the bf16 and the int8 table. Both take bf16 and pack keys and values first. In bf16 the
// inputs count as exact and exponentials are rounded to bf16: an output is good to about 2^-9 of
// the values it sums. In int8 all are quantized, each query and each key by its own scale. A row
// whose functions are null has no such kernel; the driver then converts to f32. Memory is 64-byte
// aligned. Rows of the exact table quantize f32 in the same way.
template <class T>
struct PackedAttentionOf {
  const char* name = nullptr;
  Isa isa = Isa::ref;
  int keys = 0;     // packed by one call: the granule of `first`
  int queries = 0;  // the granule of a block
  size_t (*packed_bytes)(int keys, int width) = nullptr;
  size_t (*scratch_bytes)(int queries, int width) = nullptr;
  // The keys from `first` on, as many as one call packs.
  void (*pack)(const AttentionKeysOf<T>&, int first) = nullptr;
  // A query's result does not depend on the other queries of the block.
  void (*block)(const AttentionQueriesOf<T>&) = nullptr;
};
using PackedAttention = PackedAttentionOf<uint16_t>;
using ExactAttention = PackedAttentionOf<float>;

}  // namespace yent
