// What ddim, ddpm, pndm, lcm and tcd share. Their latents keep unit variance: x = sqrt(abar) x0 +
// sqrt(1 - abar) noise, so abar, the part of the picture that is left at a timestep, says
// everything.
#pragma once

#include <vector>

#include "engine/diffusion/samplers/sampler_table.h"

namespace yent {

class VariancePreserving {
 public:
  // Throws a usage error where the steps leave the table of timesteps, or begin where nothing is
  // left of the picture and the model predicts noise. The config must outlive it.
  explicit VariancePreserving(const SamplerRequest& request);
  // The same with other timesteps, those of all steps.
  VariancePreserving(const SamplerRequest& request, std::vector<int> timesteps);

  // The timesteps of the schedule in falling order, without those that are skipped.
  const std::vector<int>& timesteps() const { return timesteps_; }
  int stride() const { return stride_; }  // of the table, from step to step

  double abar(int t) const { return alphas_[t]; }
  // abar of the place a step leads to. Before the table: 1, or that of its start.
  double abar_before(int t) const;

  // The noise and the clean picture, as the model's output says them at abar.
  Estimate noise(double abar) const;
  Estimate clean(double abar) const;

  // A call at timestep t without updates.
  ModelCall call(int t) const;

 private:
  const SchedulerConfig& config_;
  std::vector<double> alphas_;
  std::vector<int> timesteps_;
  int stride_;
};

}  // namespace yent
