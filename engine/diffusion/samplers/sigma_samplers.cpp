// The samplers whose latents grow with the noise: x = x0 + sigma noise, where sigma =
// sqrt((1 - abar) / abar).
#include <algorithm>
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"

namespace yent {
namespace {

class SigmaTable {
 public:
  explicit SigmaTable(const SchedulerConfig& c) {
    for (const double a : cumulative_alphas(c)) log_.push_back(std::log((1 - a) / a) / 2);
    for (const double l : log_) sigma_.push_back(std::exp(l));
  }

  double last() const { return static_cast<double>(sigma_.size()) - 1; }

  // Between table entries, linear in sigma.
  double sigma(double t) const {
    const auto low = static_cast<size_t>(std::clamp(std::floor(t), 0.0, last()));
    const size_t high = std::min(low + 1, sigma_.size() - 1);
    return sigma_[low] + (t - static_cast<double>(low)) * (sigma_[high] - sigma_[low]);
  }

  // Between table entries, linear in log sigma.
  double time(double sigma) const {
    if (log_.size() == 1) return 0;
    const double l = std::log(sigma);
    const auto above = std::lower_bound(log_.begin(), log_.end(), l);
    const auto high = std::clamp<ptrdiff_t>(above - log_.begin(), 1, last());
    const double w = (l - log_[high - 1]) / (log_[high] - log_[high - 1]);
    return static_cast<double>(high) - 1 + std::clamp(w, 0.0, 1.0);
  }

  // n noise levels, falling, without the final 0.
  std::vector<double> levels(int n, bool karras) const {
    std::vector<double> s(n);
    for (int i = 0; i < n; ++i) {
      const double u = n > 1 ? static_cast<double>(i) / (n - 1) : 0;
      if (karras) {  // Karras 2022, equation 5, rho = 7
        const double high = std::pow(sigma_.back(), 1 / 7.), low = std::pow(sigma_[0], 1 / 7.);
        s[i] = std::pow(high + u * (low - high), 7);
      } else {
        s[i] = sigma(last() * (1 - u));
      }
    }
    return s;
  }

 private:
  std::vector<double> log_, sigma_;
};

// One step, from noise level `now` to `next`, of which 0 is the last.
struct SigmaStep {
  size_t index = 0;
  bool first = false;  // of those that are not skipped
  double now = 0, next = 0;
  Estimate noise = {}, x0 = {};
};

// Walks the levels; `step` writes the updates of one call.
template <class Step>
Schedule walk_levels(const SamplerRequest& r, const Step& step) {
  const SigmaTable table(r.config);
  const std::vector<double> levels = table.levels(r.steps, r.karras);
  Schedule schedule;
  schedule.init_scale = levels[0];
  schedule.start_noise = levels[r.skipped];
  const size_t steps = r.steps;
  for (size_t i = r.skipped; i < steps; ++i) {
    SigmaStep s{.index = i, .first = i == static_cast<size_t>(r.skipped), .now = levels[i]};
    s.next = i + 1 < steps ? levels[i + 1] : 0;
    const double scale = 1 / std::sqrt(s.now * s.now + 1);
    s.noise = r.config.v_prediction ? Estimate{s.now * scale * scale, scale} : Estimate{0, 1};
    s.x0 = {1 - s.now * s.noise.x, -s.now * s.noise.output};
    const double share = static_cast<double>(i) / std::max<size_t>(steps - 1, 1);
    ModelCall& call = schedule.calls.emplace_back(
        ModelCall{.t = r.karras ? table.time(s.now) : table.last() * (1 - share),
                  .input_scale = scale,
                  .x0 = s.x0});
    step(s, call);
  }
  return schedule;
}

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
    const double h = -std::log(ratio);
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
