// The grid that weights are rounded to, as a means of style: fewer levels, other rounding.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace yent {

// How weights meet their grid: to the nearest level, to the next one below, or up and down by
// chance, so that the mean stays. The chance is a hash of layer and index: no state, no seed.
enum class Round : uint8_t { nearest, floor, dither };

// What a policy's rule asks for beyond the precision.
struct QuantStyle {
  int bits = 8;  // levels -(2^(bits-1)-1) .. 2^(bits-1)-1
  Round round = Round::nearest;
  float clip = 100;                 // percentile of the magnitudes with the last level
  bool per_tensor_weights = false;  // one scale for the whole weight, not one per output channel
  bool per_tensor = false;          // int8 inputs: one scale for all rows and images
  bool changes_weights = false;     // whether any word concerns the weights
  std::string words = {};           // as the policy has them
};

// Whether `word` is one of a style; takes it. Otherwise `expected` says what would be.
bool parse_quant_style(std::string_view word, QuantStyle& style, std::string& expected);

// Rounds a weight [rows, columns] to the grid, in place. What is not finite stays.
void fake_quantize(const QuantStyle& style, std::string_view layer, float* weight, int64_t rows,
                   int64_t columns);

}  // namespace yent
