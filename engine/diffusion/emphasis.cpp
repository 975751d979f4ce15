#include "engine/diffusion/emphasis.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernels/error.h"

namespace yent {

void emphasize(std::span<float> hidden, std::span<const float> weights) {
  if (std::all_of(weights.begin(), weights.end(), [](float w) { return w == 1; })) return;
  const size_t width = hidden.size() / weights.size();
  const double before = std::accumulate(hidden.begin(), hidden.end(), 0.0);
  for (size_t i = 0; i < hidden.size(); ++i) hidden[i] *= weights[i / width];
  const double after = std::accumulate(hidden.begin(), hidden.end(), 0.0);
  const auto factor = static_cast<float>(before / after);
  for (float& x : hidden) x *= factor;
  if (std::all_of(hidden.begin(), hidden.end(), [](float x) { return std::isfinite(x); })) return;
  throw usage_error("the weights of the prompt are too extreme: its mean cannot be restored");
}

}  // namespace yent
