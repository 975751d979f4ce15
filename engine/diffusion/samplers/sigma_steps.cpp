#include "engine/diffusion/samplers/sigma_steps.h"

#include <algorithm>
#include <cmath>

#include "kernels/portable_math.h"

namespace yent {
namespace {

class SigmaTable {
 public:
  explicit SigmaTable(const SchedulerConfig& c) {
    for (const double a : cumulative_alphas(c)) log_.push_back(portable::log((1 - a) / a) / 2);
    for (const double l : log_) sigma_.push_back(portable::exp(l));
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
    const double l = portable::log(sigma);
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
        const double high = portable::pow(sigma_.back(), 1 / 7.),
                     low = portable::pow(sigma_[0], 1 / 7.);
        s[i] = portable::pow(high + u * (low - high), 7);
      } else {
        s[i] = sigma(last() * (1 - u));
      }
    }
    return s;
  }

 private:
  std::vector<double> log_, sigma_;
};

}  // namespace

Schedule walk_levels(const SamplerRequest& r,
                     const std::function<void(const SigmaStep&, ModelCall&)>& step) {
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

}  // namespace yent
