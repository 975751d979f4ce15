#include "engine/diffusion/samplers/variance_preserving.h"

#include <algorithm>
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"
#include "kernels/error.h"

namespace yent {
namespace {

// Step i of `steps`. std::nearbyint rounds half to even, as NumPy does.
int timestep(const SchedulerConfig& c, int steps, int i) {
  const int n = c.num_train_timesteps;
  switch (spacing(c, false)) {
    case SchedulerConfig::Spacing::leading:
      return (steps - 1 - i) * (n / steps) + c.steps_offset;
    case SchedulerConfig::Spacing::linspace:
      return static_cast<int>(
          std::nearbyint(steps > 1 ? (n - 1.0) * (steps - 1 - i) / (steps - 1) : 0));
    case SchedulerConfig::Spacing::trailing:
      return static_cast<int>(std::nearbyint(n - i * (static_cast<double>(n) / steps))) - 1;
  }
  return 0;
}

std::vector<int> all_timesteps(const SamplerRequest& r) {
  std::vector<int> timesteps;
  for (int i = 0; i < r.steps; ++i) timesteps.push_back(timestep(r.config, r.steps, i));
  return timesteps;
}

}  // namespace

VariancePreserving::VariancePreserving(const SamplerRequest& r)
    : VariancePreserving(r, all_timesteps(r)) {}

VariancePreserving::VariancePreserving(const SamplerRequest& r, std::vector<int> timesteps)
    : config_(r.config),
      alphas_(cumulative_alphas(r.config)),
      timesteps_(timesteps.begin() + r.skipped, timesteps.end()),
      stride_(r.config.num_train_timesteps / r.steps) {
  for (const int t : timesteps_) {
    if (t < 0 || t >= config_.num_train_timesteps) {
      throw usage_error("steps is {}, which this schedule cannot place", r.steps);
    }
  }
  if (config_.prediction == Prediction::noise && abar(timesteps_[0]) == 0) {
    throw usage_error(
        "timestep {} holds nothing but noise, from which a model that predicts noise cannot start",
        timesteps_[0]);
  }
}

double VariancePreserving::abar_before(int t) const {
  return t >= 0 ? alphas_[t] : config_.set_alpha_to_one ? 1 : alphas_[0];
}

Estimate VariancePreserving::noise(double a) const {
  switch (config_.prediction) {
    case Prediction::noise:
      return {0, 1};
    case Prediction::v:
      return {std::sqrt(1 - a), std::sqrt(a)};
    case Prediction::picture:
      return {1 / std::sqrt(1 - a), -std::sqrt(a) / std::sqrt(1 - a)};
  }
  return {};
}

Estimate VariancePreserving::clean(double a) const {
  switch (config_.prediction) {
    case Prediction::noise:
      return {1 / std::sqrt(a), -std::sqrt(1 - a) / std::sqrt(a)};
    case Prediction::v:
      return {std::sqrt(a), -std::sqrt(1 - a)};
    case Prediction::picture:
      return {0, 1};
  }
  return {};
}

ModelCall VariancePreserving::call(int t) const {
  const double a = abar(t);
  return {.t = static_cast<double>(t), .level = {std::sqrt(a), std::sqrt(1 - a)}, .x0 = clean(a)};
}

Schedule ddim(const SamplerRequest& request) {
  const VariancePreserving v(request);
  Schedule schedule;
  for (const int t : v.timesteps()) {
    const double a = v.abar(t), p = v.abar_before(t - v.stride());
    const Estimate x0 = v.clean(a), e = v.noise(a);
    // Of the noise at p a part is fresh, the rest is the noise that the model found.
    const double fresh = request.eta * request.eta * (1 - p) / (1 - a) * (1 - a / p);
    const double found = std::sqrt(1 - p - fresh);
    Update update{kX,
                  {{kX, std::sqrt(p) * x0.x + found * e.x},
                   {kModelOutput, std::sqrt(p) * x0.output + found * e.output}}};
    if (fresh > 0) update.terms.push_back({kNoise, std::sqrt(fresh)});
    schedule.calls.emplace_back(v.call(t)).updates.push_back(std::move(update));
  }
  return schedule;
}

Schedule ddpm(const SamplerRequest& request) {
  const VariancePreserving v(request);
  const std::vector<int>& ts = v.timesteps();
  Schedule schedule;
  for (size_t i = 0; i < ts.size(); ++i) {
    const int t = ts[i], before = i + 1 < ts.size() ? ts[i + 1] : -1;
    const double a = v.abar(t), p = before >= 0 ? v.abar(before) : 1;
    const double alpha = a / p, beta = 1 - alpha;
    const Estimate x0 = v.clean(a);
    const double of_x0 = std::sqrt(p) * beta / (1 - a);
    const double of_x = std::sqrt(alpha) * (1 - p) / (1 - a);
    Update update{kX, {{kX, of_x0 * x0.x + of_x}, {kModelOutput, of_x0 * x0.output}}};
    if (t > 0) {
      const double small = std::max((1 - p) / (1 - a) * beta, 1e-20);
      const double variance = request.config.own.large_variance ? beta : small;
      update.terms.push_back({kNoise, std::sqrt(variance)});
    }
    schedule.calls.emplace_back(v.call(t)).updates.push_back(std::move(update));
  }
  return schedule;
}

}  // namespace yent
