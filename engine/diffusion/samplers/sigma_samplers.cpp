// Samplers over noise levels (sigma_levels.h) that follow the slope dx/dsigma, which is the noise:
// Euler, and Heun and DPM2 with two calls a step.
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"
#include "engine/diffusion/samplers/sigma_levels.h"

namespace yent {
namespace {

// x moves by `by` of sigma along the noise that this call says, from the latent in `from`.
Update slope_update(const Estimate& noise, double by, int from = kX) {
  if (from == kX) return {kX, {{kX, 1 + by * noise.x}, {kModelOutput, by * noise.output}}};
  return {kX, {{from, 1}, {kX, by * noise.x}, {kModelOutput, by * noise.output}}};
}

}  // namespace

Schedule euler(const SamplerRequest& request) {
  const SigmaLevels levels(request);
  Schedule schedule = levels.schedule();
  for (size_t i = levels.first(); i < levels.count(); ++i) {
    const double now = levels.sigma(i), next = levels.sigma(i + 1);
    ModelCall& call = schedule.calls.emplace_back(levels.call(i));
    call.updates.push_back(slope_update(levels.noise(now), next - now));
  }
  return schedule;
}

// The mean of the slopes at both ends of a step.
Schedule heun(const SamplerRequest& request) {
  constexpr int begin = kMemory, slope = kMemory + 1;
  const SigmaLevels levels(request);
  Schedule schedule = levels.schedule();
  for (size_t i = levels.first(); i < levels.count(); ++i) {
    const double now = levels.sigma(i), next = levels.sigma(i + 1), by = next - now;
    const Estimate e = levels.noise(now);
    ModelCall& call = schedule.calls.emplace_back(levels.call(i));
    call.updates.push_back({begin, {{kX, 1}}});
    call.updates.push_back({slope, {{kX, e.x}, {kModelOutput, e.output}}});
    call.updates.push_back(slope_update(e, by));
    if (i + 1 == levels.count()) break;
    ModelCall& again = schedule.calls.emplace_back(levels.call(i + 1));
    Update update = slope_update(levels.noise(next), by / 2, begin);
    update.terms.push_back({slope, by / 2});
    again.updates.push_back(std::move(update));
  }
  return schedule;
}

// The slope half way between both ends of a step, by the logarithm.
Schedule dpm2(const SamplerRequest& request) {
  constexpr int begin = kMemory;
  const SigmaLevels levels(request);
  Schedule schedule = levels.schedule();
  for (size_t i = levels.first(); i < levels.count(); ++i) {
    const double now = levels.sigma(i), next = levels.sigma(i + 1);
    const double half = next > 0 ? std::sqrt(now * next) : 0;
    ModelCall& call = schedule.calls.emplace_back(levels.call(i));
    call.updates.push_back({begin, {{kX, 1}}});
    call.updates.push_back(slope_update(levels.noise(now), half - now));
    if (next == 0) break;
    ModelCall& again = schedule.calls.emplace_back(levels.call(levels.table().time(half), half));
    again.updates.push_back(slope_update(levels.noise(half), next - now, begin));
  }
  return schedule;
}

}  // namespace yent
