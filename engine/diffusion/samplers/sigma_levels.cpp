#include "engine/diffusion/samplers/sigma_levels.h"

#include <algorithm>
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

using Spacing = SchedulerConfig::Spacing;

// The timestep of step i of `steps`.
double timestep(const SamplerRequest& r, SigmaLevels::Family family, int i) {
  const int n = r.config.num_train_timesteps;
  switch (spacing(r.config, true)) {
    case Spacing::linspace: {
      const double share = static_cast<double>(i) / std::max(r.steps - 1, 1);
      return (n - 1.0) * (1 - share);
    }
    case Spacing::leading:
      if (family == SigmaLevels::Family::solver) {  // as if 0 were one more step
        return std::min((r.steps - i) * (n / (r.steps + 1)) + r.config.steps_offset, n - 1);
      }
      return (r.steps - 1 - i) * (n / r.steps) + r.config.steps_offset;
    case Spacing::trailing:
      return std::nearbyint(n - i * (static_cast<double>(n) / r.steps)) - 1;
  }
  return 0;
}

}  // namespace

SchedulerConfig::Spacing spacing(const SchedulerConfig& c, bool walks_levels) {
  if (!walks_levels) return c.timestep_spacing.value_or(Spacing::leading);
  if (c.timestep_spacing == Spacing::leading && !c.walks_levels) return Spacing::linspace;
  return c.timestep_spacing.value_or(Spacing::linspace);
}

SigmaTable::SigmaTable(const SchedulerConfig& c) {
  for (double a : cumulative_alphas(c)) {
    if (a == 0) a = kLeastAbar;
    log_.push_back(portable::log((1 - a) / a) / 2);
  }
  for (const double l : log_) sigma_.push_back(portable::exp(l));
}

double SigmaTable::sigma(double t) const {
  const auto low = static_cast<size_t>(std::clamp(std::floor(t), 0.0, last()));
  const size_t high = std::min(low + 1, sigma_.size() - 1);
  return sigma_[low] + (t - static_cast<double>(low)) * (sigma_[high] - sigma_[low]);
}

double SigmaTable::time(double sigma) const {
  if (log_.size() == 1) return 0;
  const double l = portable::log(sigma);
  const auto above = std::lower_bound(log_.begin(), log_.end(), l);
  const auto high = std::clamp<ptrdiff_t>(above - log_.begin(), 1, static_cast<ptrdiff_t>(last()));
  const double w = (l - log_[high - 1]) / (log_[high] - log_[high - 1]);
  return static_cast<double>(high) - 1 + std::clamp(w, 0.0, 1.0);
}

SigmaLevels::SigmaLevels(const SamplerRequest& r, Family family)
    : config_(r.config), table_(r.config), first_(r.skipped) {
  for (int i = 0; i < r.steps; ++i) {
    times_.push_back(timestep(r, family, i));
    sigmas_.push_back(table_.sigma(times_.back()));
  }
  if (r.levels != NoiseLevels::spaced) {
    // Between the first and the last of the steps; a DPM-Solver takes the whole table.
    const bool whole = family == Family::solver || r.steps == 1;
    const double low = r.config.own.sigma_min.value_or(whole ? table_.sigma(0) : sigmas_.back());
    const double high =
        r.config.own.sigma_max.value_or(whole ? table_.sigma(table_.last()) : sigmas_[0]);
    for (int i = 0; i < r.steps; ++i) {
      sigmas_[i] = noise_level(r.levels, low, high, i, r.steps);
      times_[i] = table_.time(sigmas_[i]);
    }
  }
  // diffusers adds the variance of a picture to the first level of leading steps, except in a
  // DPM-Solver, which has none to begin with.
  const bool adds = family == Family::euler && spacing(r.config, true) == Spacing::leading;
  init_scale_ = adds ? std::sqrt(sigmas_[0] * sigmas_[0] + 1) : sigmas_[0];
  sigmas_.push_back(r.config.own.ends_at_sigma_min ? table_.sigma(0) : 0);
}

Estimate SigmaLevels::noise(double sigma) const {
  const double scale = 1 / std::sqrt(sigma * sigma + 1);
  switch (config_.prediction) {
    case Prediction::noise:
      return {0, 1};
    case Prediction::v:
      return {sigma * scale * scale, scale};
    case Prediction::picture:
      return {1 / sigma, -1 / sigma};
  }
  return {};
}

Estimate SigmaLevels::clean(double sigma) const {
  if (config_.prediction == Prediction::picture) return {0, 1};
  const Estimate e = noise(sigma);
  return {1 - sigma * e.x, -sigma * e.output};
}

ModelCall SigmaLevels::call(double t, double sigma) const {
  return {.t = t,
          .input_scale = 1 / std::sqrt(sigma * sigma + 1),
          .level = {1, sigma},
          .x0 = clean(sigma)};
}

Schedule SigmaLevels::schedule() const {
  Schedule schedule;
  schedule.init_scale = init_scale_;
  return schedule;
}

}  // namespace yent
