// Samplers over noise levels (sigma_steps.h): Euler, ancestral Euler, DPM-Solver++ 2M.
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"
#include "engine/diffusion/samplers/sigma_steps.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

// One Euler step down to level `down`; the rest of the way to `next` is fresh noise.
Update euler_update(const SigmaStep& s, double down) {
  return {kX,
          {{kX, 1 + (down - s.now) * s.noise.x}, {kModelOutput, (down - s.now) * s.noise.output}}};
}

}  // namespace

Schedule euler(const SamplerRequest& request) {
  return walk_levels(request, [](const SigmaStep& s, ModelCall& call) {
    call.updates.push_back(euler_update(s, s.next));
  });
}

Schedule euler_ancestral(const SamplerRequest& request) {
  return walk_levels(request, [](const SigmaStep& s, ModelCall& call) {
    const double up = s.next > 0 ? s.next * std::sqrt(s.now * s.now - s.next * s.next) / s.now : 0;
    Update update = euler_update(s, std::sqrt(s.next * s.next - up * up));
    if (s.next > 0) update.terms.push_back({kNoise, up});
    call.updates.push_back(std::move(update));
  });
}

Schedule dpmpp_2m(const SamplerRequest& request) {
  double h_before = 0;
  return walk_levels(request, [&](const SigmaStep& s, ModelCall& call) {
    // The clean pictures of this call and of the one before, in two registers by turns.
    const int x0_now = kMemory + static_cast<int>(s.index % 2),
              x0_before = 2 * kMemory + 1 - x0_now;
    const double ratio = s.next / s.now, gain = 1 - ratio;  // gain is -expm1(-h)
    const double h = -portable::log(ratio);
    Update update{kX, {{kX, ratio}}};
    if (s.first || s.next == 0) {
      update.terms[0].coefficient += gain * s.x0.x;
      update.terms.push_back({kModelOutput, gain * s.x0.output});
    } else {
      const double lead = h / (2 * h_before);
      update.terms[0].coefficient += gain * (1 + lead) * s.x0.x;
      update.terms.push_back({kModelOutput, gain * (1 + lead) * s.x0.output});
      update.terms.push_back({x0_before, -gain * lead});
    }
    call.updates.push_back(
        {x0_now, {{kX, s.x0.x}, {kModelOutput, s.x0.output}}});  // before x changes
    call.updates.push_back(std::move(update));
    h_before = h;
  });
}

}  // namespace yent
