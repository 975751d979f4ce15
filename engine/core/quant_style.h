// Quantization as a means of style: the words behind the precision in a policy, such as
// `bits=4 round=floor clip=99.9 weights=tensor act=tensor`.
//
// The pieces meet in WeightBinder. The words about weights become fake quantization:
// fake_quantize() rounds the f32 weight to the levels of a grid and leaves it f32; the backend then
// packs the result at the layer's precision like any other weight. The word about activations,
// act=tensor, becomes LinearWeight::per_tensor and ConvWeight::per_tensor, which the int8 kernels
// obey when they quantize the input.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace yent {

// How weights are rounded: to the nearest level, to the next level below, or up or down at random,
// so that the mean stays. The random number is a hash of layer and index: no state, no seed.
enum class Round : uint8_t { nearest, floor, dither };

// What a rule of a policy asks for beyond the precision.
struct QuantStyle {
  int bits = 8;  // levels -(2^(bits-1)-1) .. 2^(bits-1)-1
  Round round = Round::nearest;
  float clip = 100;                 // percentile of the magnitudes that gets the last level
  bool per_tensor_weights = false;  // one scale for the whole weight, not one per output channel
  bool per_tensor = false;          // int8 inputs: one scale for all rows and images
  bool changes_weights = false;     // whether any word concerns the weights
  std::string words = {};           // as the policy has them
};

// Parses one word of a style. Returns false and sets `expected` to the valid spellings.
bool parse_quant_style(std::string_view word, QuantStyle& style, std::string& expected);

// Rounds a weight [rows, columns] to the levels of its style, in place. A row (with
// weights=tensor, the whole weight) that holds a value that is not finite stays as it is.
void fake_quantize(const QuantStyle& style, std::string_view layer, float* weight, int64_t rows,
                   int64_t columns);

}  // namespace yent
