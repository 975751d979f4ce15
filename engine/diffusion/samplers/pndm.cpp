// Pseudo numerical methods: past outputs are combined, then one DDIM-like transfer follows.
#include <algorithm>
#include <array>
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"
#include "engine/diffusion/samplers/variance_preserving.h"
#include "kernels/error.h"

namespace yent {
namespace {

// Writes the calls. Memory: the last three outputs in a ring, the latent a step began with, a
// running sum.
class Pndm {
 public:
  Pndm(const VariancePreserving& v, std::vector<ModelCall>& calls) : v_(v), calls_(calls) {}

  // Four calls a step: the outputs of a Runge-Kutta step. The calls are at `ts`.
  void runge_kutta(const std::vector<int>& ts) {
    constexpr std::array<double, 4> share{1. / 6, 1. / 3, 1. / 3, 1. / 6};
    for (size_t i = 0; i < ts.size(); ++i) {
      const int phase = i % 4;
      ModelCall& call = calls_.emplace_back(v_.call(ts[i]));
      if (phase == 0) {
        remember();
        call.updates.push_back({kFirst, {{kX, 1}}});
      }
      std::vector<Term> output{{kModelOutput, 1}};
      if (phase == 3) output = {{kSum, 1}, {kModelOutput, share[3]}};
      // The first three only look ahead, from where the step began.
      const int from = ts[i / 4 * 4], to = ts[i] - (phase % 2 ? 0 : v_.stride() / 2);
      if (phase == 0) call.updates.push_back({kSum, {{kModelOutput, share[0]}}});
      if (phase == 1 || phase == 2) {
        call.updates.push_back({kSum, {{kSum, 1}, {kModelOutput, share[phase]}}});
      }
      transfer(call, kFirst, output, from, to);
    }
  }

  // Adams-Bashforth over the remembered outputs. The second call repeats the first step with
  // the mean of both outputs, which is not remembered.
  void multistep(const std::vector<int>& ts, bool warmed_up) {
    for (size_t i = 0; i < ts.size(); ++i) {
      ModelCall& call = calls_.emplace_back(v_.call(ts[i]));
      if (!warmed_up && i == 0) call.updates.push_back({kFirst, {{kX, 1}}});
      if (!warmed_up && i == 1) {
        const std::vector<Term> mean{{kModelOutput, 0.5}, {past(0), 0.5}};
        transfer(call, kFirst, mean, ts[i] + v_.stride(), ts[i]);
        continue;
      }
      transfer(call, kX, adams_bashforth(), ts[i], ts[i] - v_.stride());
      remember();
    }
  }

 private:
  static constexpr int kFirst = kMemory + 3, kSum = kMemory + 4;

  std::vector<Term> adams_bashforth() const {
    switch (std::min(known_, 3)) {
      case 0:
        return {{kModelOutput, 1}};
      case 1:
        return {{kModelOutput, 3. / 2}, {past(0), -1. / 2}};
      case 2:
        return {{kModelOutput, 23. / 12}, {past(0), -16. / 12}, {past(1), 5. / 12}};
      default:
        return {{kModelOutput, 55. / 24},
                {past(0), -59. / 24},
                {past(1), 37. / 24},
                {past(2), -9. / 24}};
    }
  }

  // The register of the n-th last remembered output.
  int past(int n) const { return kMemory + (known_ - 1 - n) % 3; }

  void remember() {
    calls_.back().updates.push_back({kMemory + known_ % 3, {{kModelOutput, 1}}});
    ++known_;
  }

  // x = the latent in `sample`, moved from time t to time p along the combined output.
  void transfer(ModelCall& call, int sample, const std::vector<Term>& output, int t, int p) const {
    const double a = v_.abar(t) > 0 ? v_.abar(t) : kLeastAbar, q = v_.abar_before(p);
    const double of_e = -(q - a) / (a * std::sqrt(1 - q) + std::sqrt(a * (1 - a) * q));
    const Estimate e = v_.noise(a);
    Update update{kX, {{sample, std::sqrt(q / a) + of_e * e.x}}};
    for (const Term& term : output) {
      update.terms.push_back({term.source, of_e * e.output * term.coefficient});
    }
    call.updates.push_back(std::move(update));
  }

  const VariancePreserving& v_;
  std::vector<ModelCall>& calls_;
  int known_ = 0;
};

}  // namespace

// A picture as the start leaves out steps before any of them becomes several calls. diffusers
// leaves out calls instead: without the repeated first step its second call steps again from where
// the first began, and all later ones are a step behind.
Schedule pndm(const SamplerRequest& request) {
  const VariancePreserving v(request);
  const std::vector<int>& ts = v.timesteps();
  Schedule schedule;
  Pndm program(v, schedule.calls);
  // With fewer than four steps there is no history to build by Runge-Kutta.
  if (request.config.skip_prk_steps || ts.size() < 4) {
    std::vector<int> all = ts;
    if (ts.size() > 1) all.insert(all.begin() + 1, ts[1]);
    program.multistep(all, false);
    return schedule;
  }
  // Each of the first three steps is visited at its start, twice half way, and at its end.
  std::vector<int> first;
  const int half = v.stride() / 2;
  for (int i = 0; i < 3; ++i) {
    first.insert(first.end(), {ts[i], ts[i + 1] + half, ts[i + 1] + half, ts[i + 1]});
  }
  program.runge_kutta(first);
  program.multistep({ts.begin() + 3, ts.end()}, true);
  return schedule;
}

}  // namespace yent
