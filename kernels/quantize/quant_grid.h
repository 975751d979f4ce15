// A grid of quantization: which values a number may take, and to which of them it is rounded.
// grid_formulas.h has the formulas.
#pragma once

#include <cstdint>

namespace yent {

// The types are ints so that a QuantGrid has no holes: CUDA's recordings hash its bytes.
enum class Round : int { nearest, floor, ceil, zero, stochastic };
enum class Codebook : int { linear, log, kmeans, ternary, binary };
// Who shares a scale: all rows, the rows of an image, each row (of a weight: an output channel), or
// every `group` numbers of a row.
enum class Sharing : int { tensor, image, row, group };

struct QuantGrid {
  int bits = 8;
  Codebook codebook = Codebook::linear;
  Round round = Round::nearest;
  int affine = 0;
  Sharing sharing = Sharing::row;
  int group = 0;
  float clip = 100;    // percent
  float clip_abs = 0;  // 0: not set
  float gain = 1;
  int unused = 0;
  uint64_t noise = 0;  // of layer and seed, for stochastic rounding

  bool operator==(const QuantGrid&) const = default;
};

}  // namespace yent
