// Samplers over noise levels (sigma_levels.h) that go down further than the next level and come
// back to it with fresh noise: ancestral Euler, DPM2 and DPM-Solver++ 2S, and DPM-Solver++ SDE.
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"
#include "engine/diffusion/samplers/sigma_levels.h"

namespace yent {
namespace {

// From level `now` to `next`: `down` without noise, then `up` of fresh noise.
struct Ancestral {
  Ancestral(double now, double next) {
    up = next > 0 ? next * std::sqrt(now * now - next * next) / now : 0;
    down = std::sqrt(next * next - up * up);
  }
  double down, up;
};

// From the latent in `from`, at level `now`, to level `to`, along the noise that a call says.
Update along_noise(const Estimate& noise, double now, double to, int from) {
  const double by = to - now;
  return {kX, {{from, 1}, {kX, by * noise.x}, {kModelOutput, by * noise.output}}};
}

// The same towards the clean picture that a call says.
Update towards_clean(const Estimate& clean, double now, double to, int from) {
  const double stays = to / now;
  return {kX,
          {{from, stays}, {kX, (1 - stays) * clean.x}, {kModelOutput, (1 - stays) * clean.output}}};
}

constexpr int kBegin = kMemory;  // the latent that a step began with

// Steps of two calls: the first says where the middle of the way down is, the second where the step
// leads. By the logarithm the middle is the next level itself, because down = next^2 / now.
template <class Walk>
Schedule walk_through_middles(const SamplerRequest& request, Walk walk) {
  const SigmaLevels levels(request);
  Schedule schedule = levels.schedule();
  for (size_t i = levels.first(); i < levels.count(); ++i) {
    const double now = levels.sigma(i), next = levels.sigma(i + 1);
    ModelCall& call = schedule.calls.emplace_back(levels.call(i));
    if (next == 0) {
      call.updates.push_back(towards_clean(levels.clean(now), now, 0, kX));
      continue;
    }
    const Ancestral step(now, next);
    call.updates.push_back({kBegin, {{kX, 1}}});
    call.updates.push_back(walk(levels, now, now, next));
    Update second = walk(levels, next, now, step.down);
    second.terms.push_back({kNoise, step.up});
    schedule.calls.emplace_back(levels.call(i + 1)).updates.push_back(std::move(second));
  }
  return schedule;
}

}  // namespace

Schedule euler_ancestral(const SamplerRequest& request) {
  const SigmaLevels levels(request);
  Schedule schedule = levels.schedule();
  for (size_t i = levels.first(); i < levels.count(); ++i) {
    const double now = levels.sigma(i), next = levels.sigma(i + 1);
    const Ancestral step(now, next);
    ModelCall& call = schedule.calls.emplace_back(levels.call(i));
    Update update = along_noise(levels.noise(now), now, step.down, kX);
    if (next > 0) update.terms.push_back({kNoise, step.up});
    call.updates.push_back(std::move(update));
  }
  return schedule;
}

Schedule dpm2_ancestral(const SamplerRequest& request) {
  return walk_through_middles(request,
                              [](const SigmaLevels& levels, double said_at, double now, double to) {
                                return along_noise(levels.noise(said_at), now, to, kBegin);
                              });
}

Schedule dpmpp_2s_ancestral(const SamplerRequest& request) {
  return walk_through_middles(request,
                              [](const SigmaLevels& levels, double said_at, double now, double to) {
                                return towards_clean(levels.clean(said_at), now, to, kBegin);
                              });
}

// Both calls of a step come back with noise. It is a Brownian motion over the levels: the noise of
// the whole step is made of the noise to its middle and of what is drawn for the rest.
Schedule dpmpp_sde(const SamplerRequest& request) {
  constexpr int to_middle = kMemory + 1;  // the noise of a step's first half
  const SigmaLevels levels(request);
  Schedule schedule = levels.schedule();
  for (size_t i = levels.first(); i < levels.count(); ++i) {
    const double now = levels.sigma(i), next = levels.sigma(i + 1);
    ModelCall& call = schedule.calls.emplace_back(levels.call(i));
    if (next == 0) {
      call.updates.push_back(towards_clean(levels.clean(now), now, 0, kX));
      continue;
    }
    const double middle = std::sqrt(now * next), whole = std::sqrt(now - next);
    const Ancestral half(now, middle), step(now, next);
    call.updates.push_back({kBegin, {{kX, 1}}});
    call.updates.push_back({to_middle, {{kNoise, 1}}});
    Update first = towards_clean(levels.clean(now), now, half.down, kX);
    first.terms.push_back({kNoise, half.up});
    call.updates.push_back(std::move(first));
    Update second = towards_clean(levels.clean(middle), now, step.down, kBegin);
    second.terms.push_back({to_middle, step.up * std::sqrt(now - middle) / whole});
    second.terms.push_back({kNoise, step.up * std::sqrt(middle - next) / whole});
    schedule.calls.emplace_back(levels.call(levels.table().time(middle), middle))
        .updates.push_back(std::move(second));
  }
  return schedule;
}

}  // namespace yent
