// A network whose weights change in the course of a denoising: one network for each of its phases.
#pragma once

#include <vector>

#include "engine/models/noise_predictor.h"

namespace yent {

// The networks must outlive it. Const functions may be called from several threads at once if each
// has a Ctx of its own.
class PhasedNetwork : public NoisePredictor {
 public:
  // `phase_of_call` has a number for each model call of the schedule.
  PhasedNetwork(std::vector<const NoisePredictor*> networks, std::vector<int> phase_of_call)
      : networks_(std::move(networks)), phase_of_call_(std::move(phase_of_call)) {}

  // That of the first phase, which carries those of the others.
  Conditioning condition(Ctx& c, Tensor text, std::span<const double> timesteps) const override;
  // `cond` is that of the call's phase.
  Activation operator()(Ctx& c, Tensor latent, const Conditioning& cond, int call) const override;
  Shape deep_shape(const Shape& latent) const override { return networks_[0]->deep_shape(latent); }
  std::vector<CrossAttention> cross_attentions(const Shape& latent) const override {
    return networks_[0]->cross_attentions(latent);
  }
  int phase(int call) const override { return phase_of_call_[call]; }

 private:
  std::vector<const NoisePredictor*> networks_;
  std::vector<int> phase_of_call_;
};

}  // namespace yent
