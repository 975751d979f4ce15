// How far results may be from what they ought to be, and why.
#pragma once

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>

#include <fmt/format.h>

namespace yent {

// Norm of the difference over the norm of what was expected: what a rounding error looks like
// to the next layer. Infinite where sizes differ or a number is not finite.
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

// The entry that is most wrong, as a sentence for INFO.
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
// PyTorch's own float32 run is from it (about 1e-6). Another order of summation is another
// sample of the same rounding: ours has been 0.3 to 1.3 times as far. Four times stays below
// what a LayerNorm with epsilon 1e-6, the least of the usual mistakes, does to a faint input.
inline double network_limit(double torch_f32_error) { return 4 * torch_f32_error; }

}  // namespace yent
