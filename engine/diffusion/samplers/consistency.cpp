// Samplers of models that were distilled to few steps: a call predicts the end of its trajectory,
// or a point further down. Their timesteps are some of those that the model was distilled from.
#include <algorithm>
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"
#include "engine/diffusion/samplers/variance_preserving.h"
#include "kernels/error.h"

namespace yent {
namespace {

std::vector<int> distilled_timesteps(const SamplerRequest& request) {
  const SchedulerConfig& config = request.config;
  const int original = std::min(config.own.original_steps, config.num_train_timesteps);
  if (request.steps > original) {
    throw usage_error("steps is {}, expected 1 to {} with a sampler of few steps", request.steps,
                      original);
  }
  std::vector<int> timesteps;
  for (int i = 0; i < request.steps; ++i) {
    const int from_the_end = static_cast<int>(static_cast<int64_t>(i) * original / request.steps);
    timesteps.push_back((original - from_the_end) * (config.num_train_timesteps / original) - 1);
  }
  return timesteps;
}

}  // namespace

// Every step jumps to the clean picture and adds noise for the next.
Schedule lcm(const SamplerRequest& request) {
  const VariancePreserving v(request, distilled_timesteps(request));
  const std::vector<int>& ts = v.timesteps();
  Schedule schedule;
  for (size_t i = 0; i < ts.size(); ++i) {
    // The boundary condition: the earlier the timestep, the more of the picture is there already.
    constexpr double sigma_data = 0.5;
    const double scaled = ts[i] * request.config.own.timestep_scaling;
    const double sum = scaled * scaled + sigma_data * sigma_data;
    const double skip = sigma_data * sigma_data / sum, out = scaled / std::sqrt(sum);
    ModelCall& call = schedule.calls.emplace_back(v.call(ts[i]));
    call.x0 = {out * call.x0.x + skip, out * call.x0.output};
    const double p = i + 1 < ts.size() ? v.abar(ts[i + 1]) : 1;
    Update update{kX,
                  {{kX, std::sqrt(p) * call.x0.x}, {kModelOutput, std::sqrt(p) * call.x0.output}}};
    if (p < 1) update.terms.push_back({kNoise, std::sqrt(1 - p)});
    call.updates.push_back(std::move(update));
  }
  return schedule;
}

// Every step walks past the next timestep without noise, and comes back to it with fresh noise.
// The last ends at timestep 0.
Schedule tcd(const SamplerRequest& request) {
  constexpr float gamma = 0.3f;  // the share of the way that comes back
  const VariancePreserving v(request, distilled_timesteps(request));
  const std::vector<int>& ts = v.timesteps();
  Schedule schedule;
  for (size_t i = 0; i < ts.size(); ++i) {
    const bool last = i + 1 == ts.size();
    const int next = last ? 0 : ts[i + 1];
    const auto past = static_cast<int>(std::floor((1 - gamma) * static_cast<float>(next)));
    const double a = v.abar(ts[i]), s = v.abar(past), back = last ? 1 : v.abar(next) / s;
    const Estimate x0 = v.clean(a), e = v.noise(a);
    const double of_x0 = std::sqrt(back * s), of_e = std::sqrt(back * (1 - s));
    Update update{
        kX, {{kX, of_x0 * x0.x + of_e * e.x}, {kModelOutput, of_x0 * x0.output + of_e * e.output}}};
    if (back < 1) update.terms.push_back({kNoise, std::sqrt(1 - back)});
    schedule.calls.emplace_back(v.call(ts[i])).updates.push_back(std::move(update));
  }
  return schedule;
}

}  // namespace yent
