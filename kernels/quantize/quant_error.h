// What quantization does to numbers, for measurements: how far it moves them, and how it uses the
// codes of a grid.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernels/quantize/quantize.h"

namespace yent {

// Sums over any number of tensors.
struct QuantError {
  double signal = 0, noise = 0;  // of x^2, and of (x - q)^2, q the value that x became
  // How often each code was used; empty where no single grid was.
  std::vector<int64_t> codes = {};
  bool has_values = false;  // whether anything was added

  void add(const QuantError& other);
};

// The layers whose weights are stacked in one, each with its error.
struct LayerError {
  std::string layer;
  QuantError error;
};
using LayerErrors = std::vector<LayerError>;

// The codes of a grid, 0 .. count - 1.
int code_count(const QuantGrid& grid);
// How often each is used for these numbers, which are not changed. Groups that are all zeros, or
// not finite, have no codes.
std::vector<int64_t> code_histogram(const QuantGrid& grid, const QuantRows& x);

// Of numbers and what became of them.
QuantError quant_error(std::span<const float> x, std::span<const float> q,
                       std::vector<int64_t> codes);

}  // namespace yent
