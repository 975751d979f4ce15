#include "engine/models/phased_network.h"

namespace yent {

Conditioning PhasedNetwork::condition(Ctx& c, Tensor text,
                                      std::span<const double> timesteps) const {
  Conditioning first = networks_[0]->condition(c, text, timesteps);
  for (size_t i = 1; i < networks_.size(); ++i) {
    c.ws.forget_plans();  // another phase may make other requests
    first.later.push_back(networks_[i]->condition(c, text, timesteps));
  }
  c.ws.forget_plans();
  return first;
}

Activation PhasedNetwork::operator()(Ctx& c, Tensor latent, const Conditioning& cond,
                                     int call) const {
  return (*networks_[phase_of_call_[call]])(c, latent, cond, call);
}

}  // namespace yent
