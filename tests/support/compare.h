// Allowed errors of results, and the reasons for them.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>

#include <fmt/core.h>

#include "kernels/backend.h"

namespace yent {

// The norm of the difference over the norm of the expected values: the size of a rounding error as
// the next layer sees it. Infinite if sizes differ or a number is not finite.
inline double relative_error(std::span<const float> got, std::span<const float> expected) {
  if (got.size() != expected.size()) return std::numeric_limits<double>::infinity();
  double difference = 0, norm = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double d = static_cast<double>(got[i]) - expected[i];
    if (!std::isfinite(d)) return std::numeric_limits<double>::infinity();
    difference += d * d;
    norm += static_cast<double>(expected[i]) * expected[i];
  }
  return difference == 0 ? 0 : std::sqrt(difference / norm);
}

// The entry with the greatest error, as a sentence for INFO.
inline std::string worst(std::span<const float> got, std::span<const float> expected) {
  if (got.size() != expected.size()) {
    return fmt::format("{} values, expected {}", got.size(), expected.size());
  }
  size_t at = 0;
  double most = -1;
  for (size_t i = 0; i < got.size(); ++i) {
    const double d = std::abs(static_cast<double>(got[i]) - expected[i]);
    if (d <= most) continue;
    at = i;
    if (std::isnan(d)) break;
    most = d;
  }
  if (got.empty()) return "nothing to compare";
  return fmt::format("worst at {}: {}, expected {}", at, got[at], expected[at]);
}

// A network in f32. Every golden output is a float64 result, and its file says how far
// PyTorch's own float32 run is from it (about 1e-6). Another order of summation rounds differently:
// our error has been 0.3 to 1.3 times as large. Four times is allowed. This is less than the error
// of a LayerNorm with epsilon 1e-6, the smallest of the usual mistakes, on a faint input.
inline double network_limit(double torch_f32_error) { return 4 * torch_f32_error; }

// A network in a lower precision, on inputs of unit size. The error of one layer, by the rms of
// rounding: f16 weights 2^-11 / sqrt(3) / 1.53 = 1.9e-4 (1.53 is the rms significand); bf16
// weights and inputs, 2^-8 for both, 2.1e-3; int8 about 8e-3, steps of absmax / 127 for uniform
// weights (absmax 1.7 sigma) and normal inputs (3 to 4.5 sigma). On their way through the residual
// stream the errors of all layers add up to 4 to 5 times that, in every toy network; 6.5 allowed.
inline double network_limit(Precision precision) {
  switch (precision) {
    case Precision::f16:
      return 1.2e-3;
    case Precision::bf16:
      return 1.4e-2;
    case Precision::int8:
      return 5.2e-2;
    case Precision::f32:
      break;
  }
  return 4e-6;  // four times PyTorch's usual error
}

}  // namespace yent
