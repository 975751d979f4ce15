#include "kernels/quantize/quant_error.h"

namespace yent {

void QuantError::add(const QuantError& other) {
  if (!other.has_values) return;
  signal += other.signal;
  noise += other.noise;
  if (!has_values) {
    codes = other.codes;
  } else if (codes.size() == other.codes.size()) {
    for (size_t i = 0; i < codes.size(); ++i) codes[i] += other.codes[i];
  } else {
    codes.clear();  // of several grids
  }
  has_values = true;
}

QuantError quant_error(std::span<const float> x, std::span<const float> q,
                       std::vector<int64_t> codes) {
  QuantError error{.codes = std::move(codes), .has_values = true};
  for (size_t i = 0; i < x.size(); ++i) {
    const double apart = static_cast<double>(x[i]) - q[i];
    error.signal += static_cast<double>(x[i]) * x[i];
    error.noise += apart * apart;
  }
  return error;
}

}  // namespace yent
