// Weights that need no file: every value is a function of the tensor's name, its shape, the
// place in it and a seed, the same bit for bit here and in tools/golden/seeded.py.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace yent {

// Fills `out` (the product of `dims` floats, row-major) with v in [-1, 1) times a scale that
// keeps a deep network's activations of order one:
//   rank 2 and more  variance gain^2 / fan_in; gain 1/2 for the layers that close a residual,
//                    8/5 for queries and keys (so that attention looks at few tokens, not at
//                    all of them alike), 1 for the rest
//   embeddings       v / 2
//   rank 1           norm weights 1 + v / 10, biases v / 20
// `name` is the checkpoint's own, `.weight` or `.bias` included.
// v: 24 bits of splitmix64 (Steele, Lea, Flood 2014), started at the name's FNV-1a hash.
void seeded_values(std::string_view name, std::span<const int64_t> dims, uint64_t seed, float* out);

}  // namespace yent
