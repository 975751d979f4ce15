// What samplers share whose latents grow with the noise: x = x0 + sigma noise, where sigma =
// sqrt((1 - abar) / abar). A sampler walks falling noise levels.
#pragma once

#include <vector>

#include "engine/diffusion/samplers/sampler_table.h"

namespace yent {

// The level of every timestep of the training, and what lies between.
class SigmaTable {
 public:
  explicit SigmaTable(const SchedulerConfig& config);

  double last() const { return static_cast<double>(sigma_.size()) - 1; }
  double sigma(double t) const;     // linear in sigma
  double time(double sigma) const;  // linear in log sigma

 private:
  std::vector<double> log_, sigma_;
};

class SigmaLevels {
 public:
  // Two families of diffusers' classes place their steps differently: `solver` is that of the
  // DPM-Solvers.
  enum class Family { euler, solver };
  // The config must outlive it.
  explicit SigmaLevels(const SamplerRequest& request, Family family = Family::euler);

  size_t first() const { return first_; }  // of those that are not skipped
  size_t count() const { return times_.size(); }
  double sigma(size_t i) const { return sigmas_[i]; }  // at count(): where the last step ends
  const SigmaTable& table() const { return table_; }

  // The noise and the clean picture, as the model's output says them at a level.
  Estimate noise(double sigma) const;
  Estimate clean(double sigma) const;

  // A call without updates at step i, or anywhere.
  ModelCall call(size_t i) const { return call(times_[i], sigmas_[i]); }
  ModelCall call(double t, double sigma) const;

  // Without calls, but with what unit noise is multiplied by.
  Schedule schedule() const;

 private:
  const SchedulerConfig& config_;
  SigmaTable table_;
  std::vector<double> times_, sigmas_;
  size_t first_;
  double init_scale_;
};

}  // namespace yent
