// The grids of what enters and leaves a layer: fake quantization, that is, in f32.
#pragma once

#include <optional>
#include <vector>

#include "kernels/quantize/quant_grid.h"

namespace yent {

// x becomes share q(x) + (1 - share) y. q is the grid; y is x itself or, with another grid r,
// other_share r(x) + (1 - other_share) x.
struct GridStep {
  QuantGrid grid;
  float share = 1;
  std::optional<QuantGrid> other = {};
  float other_share = 1;

  bool operator==(const GridStep&) const = default;
};

struct LayerGrids {
  std::vector<GridStep> input = {}, output = {};  // in this order

  bool operator==(const LayerGrids&) const = default;
};

}  // namespace yent
