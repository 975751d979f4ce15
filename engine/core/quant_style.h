// Quantization as a means of style: the words behind the precision in a policy, such as
// `bits=4 round=floor clip=99.9 weights=tensor on=weights,input steps=0-4`. docs/policies.md has
// all of them.
//
// The pieces meet in WeightBinder. Grids of weights become fake quantization: the f32 weight is
// rounded to a grid and stays f32; the backend then packs the result at the layer's precision like
// any other weight. Grids of inputs and outputs travel with the packed weight (LayerGrids), and the
// layers of nn.h round to them. The word act=tensor alone becomes LinearWeight::per_tensor and
// ConvWeight::per_tensor, which the int8 kernels obey when they quantize the input.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/step_window.h"
#include "kernels/quantize/layer_grids.h"

namespace yent {

// A linear layer or a 1x1 convolution that the file holds as a matrix; a convolution that it holds
// as one; the product of queries, keys and values; a group or layer norm.
enum class LayerKind : uint8_t { linear, conv, attention, norm };
constexpr int kLayerKinds = 4;

// What a rule of a policy asks for beyond the precision.
struct QuantStyle {
  QuantGrid grid = {};  // of weights; its noise is the seed
  std::optional<Sharing> act_sharing = {};
  double blend = 1;  // x + blend (q(x) - x)
  bool on_weights = true, on_input = false, on_output = false;
  bool per_tensor = false;  // int8 inputs: one scale for all rows and images
  bool quantizes = false;   // whether any word asks for a grid
  unsigned kinds = 0;       // bits by LayerKind; none: linear and conv
  StepWindow window = {};
  std::vector<std::string> words = {};  // as the policy has them

  bool of(LayerKind kind) const;
  // Whether a number changes from step to step.
  bool ramps() const;
  // Whether the rule holds for a part of the steps, or changes in them.
  bool moves() const { return !window.whole || ramps(); }
  // The style at a moment for which the window holds: without window and ramps.
  QuantStyle at(const Moment& m, std::span<const Moment> all) const;

  QuantGrid weight_grid(std::string_view layer) const;
  QuantGrid act_grid(std::string_view layer, LayerKind kind) const;
};

// Parses one word of a style. Returns false and sets `expected` to the valid spellings.
bool parse_quant_style(std::string_view word, QuantStyle& style, std::string& expected);

// Whether the words of a whole rule fit each other. Returns false and sets `wrong` to a sentence's
// end.
bool fits_together(QuantStyle& style, std::string& wrong);

}  // namespace yent
