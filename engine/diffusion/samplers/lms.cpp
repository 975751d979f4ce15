// LMS: the slope dx/dsigma as a polynomial through up to four past slopes, integrated over a step.
#include <algorithm>
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"
#include "engine/diffusion/samplers/sigma_levels.h"

namespace yent {
namespace {

constexpr size_t kOrder = 4;

// The integral from level i to the next of the polynomial that is 1 at level i - n and 0 at the
// other of the last `order` levels. Gauss' rule of two points is exact for it.
double weight(const SigmaLevels& levels, size_t i, size_t n, size_t order) {
  const double middle = (levels.sigma(i) + levels.sigma(i + 1)) / 2;
  const double half = (levels.sigma(i + 1) - levels.sigma(i)) / 2;
  double sum = 0;
  for (const double side : {-1.0, 1.0}) {
    double product = half;
    for (size_t k = 0; k < order; ++k) {
      if (k == n) continue;
      product *= (middle + side * half / std::sqrt(3.0) - levels.sigma(i - k)) /
                 (levels.sigma(i - n) - levels.sigma(i - k));
    }
    sum += product;
  }
  return sum;
}

}  // namespace

Schedule lms(const SamplerRequest& request) {
  const SigmaLevels levels(request);
  const auto slope = [](size_t i) { return kMemory + static_cast<int>(i % kOrder); };
  Schedule schedule = levels.schedule();
  for (size_t i = levels.first(); i < levels.count(); ++i) {
    const size_t order = std::min(i - levels.first() + 1, kOrder);
    const Estimate e = levels.noise(levels.sigma(i));
    ModelCall& call = schedule.calls.emplace_back(levels.call(i));
    call.updates.push_back({slope(i), {{kX, e.x}, {kModelOutput, e.output}}});
    Update update{kX, {{kX, 1}}};
    for (size_t n = 0; n < order; ++n) {
      update.terms.push_back({slope(i - n), weight(levels, i, n, order)});
    }
    call.updates.push_back(std::move(update));
  }
  return schedule;
}

}  // namespace yent
