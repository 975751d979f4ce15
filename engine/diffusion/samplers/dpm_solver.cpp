// DPM-Solver and DPM-Solver++ with several past calls: DPM++ 2M, its orders 1 and 3, and the
// stochastic variants. In sigma form, x(next) = a x(now) + a sum over derivatives of the clean
// picture (or, DPM-Solver, of the noise) by lambda = -log sigma.
#include <algorithm>
#include <array>
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"
#include "engine/diffusion/samplers/sigma_levels.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

using Own = SchedulerConfig::OwnFields;

// x(next) = x * x(now) + the sum of d[k] times the k-th derivative + noise * fresh noise.
struct Step {
  double x, d[3], noise = 0;
};

// For a step of `h` in lambda. `taylor`: the first derivative is integrated exactly, else
// (midpoint) taken for the whole step.
Step step_of(Own::Algorithm algorithm, double now, double next, bool taylor) {
  const double ratio = next / now, h = -portable::log(ratio);
  Step s{};
  switch (algorithm) {
    case Own::Algorithm::data:
      s = {ratio, {1 - ratio, (ratio - 1) / h + 1, -((ratio - 1 + h) / (h * h) - 0.5)}};
      break;
    case Own::Algorithm::stochastic_data: {
      const double q = ratio * ratio;
      s = {q,
           {1 - q, (1 - q) / (-2 * h) + 1, (1 - q - 2 * h) / (4 * h * h) + 0.5},
           next * std::sqrt(1 - q)};
      break;
    }
    case Own::Algorithm::noise: {
      const double grown = now - next;  // next (e^h - 1)
      s = {1, {-grown, -(grown / h - next), -(grown - next * h) / (h * h) + next / 2}};
      break;
    }
  }
  if (!taylor) s.d[1] = s.d[0] / 2;
  return s;
}

class Solver {
 public:
  Solver(const SamplerRequest& request, const Own& own)
      : levels_(request, SigmaLevels::Family::solver), own_(own) {}

  Schedule schedule() {
    Schedule schedule = levels_.schedule();
    for (size_t i = levels_.first(); i < levels_.count(); ++i) {
      step(i, schedule.calls.emplace_back(levels_.call(i)));
    }
    return schedule;
  }

 private:
  // As diffusers lowers it near the end of short schedules.
  int order(size_t i) const {
    const size_t left = levels_.count() - 1 - i;  // steps after this one
    const bool is_short = own_.lower_order_final && levels_.count() < 15;
    const double next = levels_.sigma(i + 1);
    const int known = static_cast<int>(std::min<size_t>(i - levels_.first() + 1, 3));
    const int order = std::min(own_.solver_order, known);
    if (next == levels_.sigma(i)) return 1;  // a step of no length
    if (left == 0 && (own_.euler_at_final || is_short || next == 0)) return 1;
    return left == 1 && is_short ? std::min(order, 2) : order;
  }

  // The length of step i in lambda.
  double h(size_t i) const { return portable::log(levels_.sigma(i) / levels_.sigma(i + 1)); }

  // What remembered output n (0 is this call's) contributes, by finite differences.
  std::array<double, 3> weights(const Step& s, size_t i, int order) const {
    if (order == 1) return {s.d[0], 0, 0};
    const double r0 = h(i - 1) / h(i);
    if (order == 2) {
      const double lead = s.d[1] / s.d[0] / r0;
      return {s.d[0] * (1 + lead), -s.d[0] * lead, 0};
    }
    const double r1 = h(i - 2) / h(i);
    // The first derivative, and the second, as sums of both differences.
    const double d1_first = s.d[1] * (1 + r0 / (r0 + r1)) + s.d[2] / (r0 + r1);
    const double d1_second = -s.d[1] * r0 / (r0 + r1) - s.d[2] / (r0 + r1);
    return {s.d[0] + d1_first / r0, -d1_first / r0 + d1_second / r1, -d1_second / r1};
  }

  void step(size_t i, ModelCall& call) const {
    const auto remembered = [&](size_t k) { return kMemory + static_cast<int>(k % 3); };
    const double now = levels_.sigma(i), next = levels_.sigma(i + 1);
    const int order = this->order(i);
    const Step s = step_of(own_.algorithm, now, next, own_.heun || order == 3);
    const auto w = weights(s, i, order);
    const Estimate said =
        own_.algorithm == Own::Algorithm::noise ? levels_.noise(now) : levels_.clean(now);
    Update update{kX, {{kX, s.x + w[0] * said.x}, {kModelOutput, w[0] * said.output}}};
    for (int n = 1; n < order; ++n) update.terms.push_back({remembered(i - n), w[n]});
    if (s.noise > 0) update.terms.push_back({kNoise, s.noise});
    call.updates.push_back(
        {remembered(i), {{kX, said.x}, {kModelOutput, said.output}}});  // before x changes
    call.updates.push_back(std::move(update));
  }

  SigmaLevels levels_;
  const Own& own_;
};

}  // namespace

Schedule dpmpp_2m(const SamplerRequest& request) {
  return Solver(request, request.config.own).schedule();
}

Schedule dpmpp_2m_sde(const SamplerRequest& request) {
  Own own = request.config.own;
  own.algorithm = Own::Algorithm::stochastic_data;
  return Solver(request, own).schedule();
}

Schedule dpmpp_2m_sde_heun(const SamplerRequest& request) {
  Own own = request.config.own;
  own.algorithm = Own::Algorithm::stochastic_data;
  own.heun = true;
  return Solver(request, own).schedule();
}

Schedule dpmpp_3m_sde(const SamplerRequest& request) {
  Own own = request.config.own;
  own.algorithm = Own::Algorithm::stochastic_data;
  own.heun = true;  // so is its second step in k-diffusion
  own.solver_order = 3;
  own.lower_order_final = false;
  return Solver(request, own).schedule();
}

}  // namespace yent
