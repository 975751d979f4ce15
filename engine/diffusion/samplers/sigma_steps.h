// What samplers share whose latents grow with the noise: x = x0 + sigma noise, where sigma =
// sqrt((1 - abar) / abar). A sampler is a function that writes the updates of one step.
#pragma once

#include <functional>
#include <vector>

#include "engine/diffusion/samplers/sampler_table.h"

namespace yent {

// One step, from noise level `now` to `next`, of which 0 is the last.
struct SigmaStep {
  size_t index = 0;
  bool first = false;  // of those that are not skipped
  double now = 0, next = 0;
  Estimate noise = {}, x0 = {};  // as the model's output says them
};

// The schedule over the noise levels of the request; `step` writes the updates of one call.
Schedule walk_levels(const SamplerRequest& request,
                     const std::function<void(const SigmaStep&, ModelCall&)>& step);

}  // namespace yent
