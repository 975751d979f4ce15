// Formulas: DDIM (Song 2020), PNDM (Liu 2022), DDPM (Ho 2020), Euler and ancestral Euler
// (Karras 2022, as in k-diffusion), DPM-Solver++ 2M (Lu 2022); details follow diffusers.
#include "engine/diffusion/scheduler.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "kernels/error.h"

namespace yent {
namespace {

// ex * x + ee * e: a quantity as the latent and the model's output give it.
struct Mix {
  double x, e;
};

// Timesteps in falling order. `round` is to nearest even, as NumPy's.
std::vector<int> timesteps(const SchedulerConfig& c, int steps) {
  const int n = c.num_train_timesteps;
  std::vector<int> ts(steps);
  for (int i = 0; i < steps; ++i) {
    switch (c.timestep_spacing) {
      case SchedulerConfig::Spacing::leading:
        ts[i] = (steps - 1 - i) * (n / steps) + c.steps_offset;
        break;
      case SchedulerConfig::Spacing::linspace:
        ts[i] = static_cast<int>(
            std::nearbyint(steps > 1 ? (n - 1.0) * (steps - 1 - i) / (steps - 1) : 0));
        break;
      case SchedulerConfig::Spacing::trailing:
        ts[i] = static_cast<int>(std::nearbyint(n - i * (static_cast<double>(n) / steps))) - 1;
        break;
    }
  }
  return ts;
}

// The family whose latents keep unit variance: abar tells everything.
class VarianceKept {
 public:
  VarianceKept(const SchedulerConfig& config, int steps)
      : config_(config),
        alphas_(cumulative_alphas(config)),
        stride_(config.num_train_timesteps / steps) {}

  int stride() const { return stride_; }
  double abar(int t) const { return alphas_[t]; }
  // Of the place a step leads to, before the table: the clean picture, or the table's start.
  double abar_before(int t) const {
    return t >= 0 ? alphas_[t] : config_.set_alpha_to_one ? 1 : alphas_[0];
  }

  // The noise and the clean picture that the model's output means at abar a.
  Mix noise(double a) const {
    return config_.v_prediction ? Mix{std::sqrt(1 - a), std::sqrt(a)} : Mix{0, 1};
  }
  Mix clean(double a) const {
    if (config_.v_prediction) return {std::sqrt(a), -std::sqrt(1 - a)};
    return {1 / std::sqrt(a), -std::sqrt(1 - a) / std::sqrt(a)};
  }

 private:
  const SchedulerConfig& config_;
  std::vector<double> alphas_;
  int stride_;
};

void ddim(const VarianceKept& v, const std::vector<int>& ts, std::vector<Call>& calls) {
  for (const int t : ts) {
    const double a = v.abar(t), p = v.abar_before(t - v.stride());
    const Mix x0 = v.clean(a), e = v.noise(a);
    calls.push_back({.t = static_cast<double>(t)});
    calls.back().moves.push_back({kX,
                                  {{kX, std::sqrt(p) * x0.x + std::sqrt(1 - p) * e.x},
                                   {kE, std::sqrt(p) * x0.e + std::sqrt(1 - p) * e.e}}});
  }
}

void ddpm(const VarianceKept& v, const std::vector<int>& ts, std::vector<Call>& calls) {
  for (size_t i = 0; i < ts.size(); ++i) {
    const int t = ts[i], before = i + 1 < ts.size() ? ts[i + 1] : -1;
    const double a = v.abar(t), p = before >= 0 ? v.abar(before) : 1;
    const double alpha = a / p, beta = 1 - alpha;
    const Mix x0 = v.clean(a);
    const double of_x0 = std::sqrt(p) * beta / (1 - a);
    const double of_x = std::sqrt(alpha) * (1 - p) / (1 - a);
    Move move{kX, {{kX, of_x0 * x0.x + of_x}, {kE, of_x0 * x0.e}}};
    if (t > 0) {
      const double variance = std::max((1 - p) / (1 - a) * beta, 1e-20);
      move.terms.push_back({kNoise, std::sqrt(variance)});
    }
    calls.push_back({.t = static_cast<double>(t)});
    calls.back().moves.push_back(std::move(move));
  }
}

// Pseudo numerical methods: past outputs are combined, then one DDIM-like transfer follows.
// Memory: the last three outputs in a ring, the latent a step began with, a running sum.
class Pndm {
 public:
  Pndm(const VarianceKept& v, std::vector<Call>& calls) : v_(v), calls_(calls) {}

  // Four calls a step, for the first three steps: the outputs of a Runge-Kutta step. The calls
  // are at `ts`, the steps begin at `begins` (diffusers: of the whole schedule, even where a
  // picture as the start left out the first calls).
  void runge_kutta(const std::vector<int>& ts, const std::vector<int>& begins) {
    constexpr std::array<double, 4> share{1. / 6, 1. / 3, 1. / 3, 1. / 6};
    for (size_t i = 0; i < ts.size(); ++i) {
      const int phase = i % 4;
      Call& call = begin(ts[i]);
      if (phase == 0) {
        remember();
        call.moves.push_back({kFirst, {{kX, 1}}});
      }
      std::vector<Term> output{{kE, 1}};
      if (phase == 3) output = {{kSum, 1}, {kE, share[3]}};
      // The first three only look ahead, from where the step began.
      const int from = begins[i / 4 * 4], to = ts[i] - (phase % 2 ? 0 : v_.stride() / 2);
      if (phase == 0) call.moves.push_back({kSum, {{kE, share[0]}}});
      if (phase == 1 || phase == 2) call.moves.push_back({kSum, {{kSum, 1}, {kE, share[phase]}}});
      transfer(call, kFirst, output, from, to);
    }
  }

  // Adams-Bashforth over the remembered outputs. The second call repeats the first step with
  // the mean of both outputs, which is not remembered.
  void multistep(const std::vector<int>& ts, bool warmed_up) {
    for (size_t i = 0; i < ts.size(); ++i) {
      Call& call = begin(ts[i]);
      if (!warmed_up && i == 0) call.moves.push_back({kFirst, {{kX, 1}}});
      if (!warmed_up && i == 1) {
        transfer(call, kFirst, {{kE, 0.5}, {past(0), 0.5}}, ts[i] + v_.stride(), ts[i]);
        continue;
      }
      std::vector<Term> output;
      switch (std::min(known_, 3)) {
        case 0:
          output = {{kE, 1}};
          break;
        case 1:
          output = {{kE, 3. / 2}, {past(0), -1. / 2}};
          break;
        case 2:
          output = {{kE, 23. / 12}, {past(0), -16. / 12}, {past(1), 5. / 12}};
          break;
        default:
          output = {{kE, 55. / 24}, {past(0), -59. / 24}, {past(1), 37. / 24}, {past(2), -9. / 24}};
      }
      transfer(call, kX, output, ts[i], ts[i] - v_.stride());
      remember();
    }
  }

 private:
  static constexpr int kFirst = kMemory + 3, kSum = kMemory + 4;

  Call& begin(int t) {
    calls_.push_back({.t = static_cast<double>(t)});
    return calls_.back();
  }

  // The slot of the n-th last remembered output.
  int past(int n) const { return kMemory + (known_ - 1 - n) % 3; }

  void remember() {
    calls_.back().moves.push_back({kMemory + known_ % 3, {{kE, 1}}});
    ++known_;
  }

  // x = the latent in `sample`, moved from time t to time p along the combined output.
  void transfer(Call& call, int sample, const std::vector<Term>& output, int t, int p) const {
    const double a = v_.abar(t), q = v_.abar_before(p);
    const double of_e = -(q - a) / (a * std::sqrt(1 - q) + std::sqrt(a * (1 - a) * q));
    const Mix e = v_.noise(a);
    Move move{kX, {{sample, std::sqrt(q / a) + of_e * e.x}}};
    for (const Term& term : output) {
      move.terms.push_back({term.slot, of_e * e.e * term.coefficient});
    }
    call.moves.push_back(std::move(move));
  }

  const VarianceKept& v_;
  std::vector<Call>& calls_;
  int known_ = 0;
};

void pndm(const VarianceKept& v, const SchedulerConfig& config, const std::vector<int>& ts,
          size_t dropped, std::vector<Call>& calls) {
  std::vector<int> runge_kutta, multistep;
  if (config.skip_prk_steps) {
    multistep = ts;
    if (ts.size() > 1) multistep.insert(multistep.begin() + 1, ts[1]);
  } else {
    if (ts.size() < 4) throw usage_error("--steps is {}, expected at least 4 with pndm", ts.size());
    // Each of the first three steps is visited at its start, twice half way, and at its end.
    const int half = v.stride() / 2;
    for (int i = 0; i < 3; ++i) {
      runge_kutta.insert(runge_kutta.end(), {ts[i], ts[i + 1] + half, ts[i + 1] + half, ts[i + 1]});
    }
    multistep.assign(ts.begin() + 3, ts.end());
  }
  // A picture as the start leaves out the first calls; how many are Runge-Kutta's stays.
  std::vector<int> all = runge_kutta;
  all.insert(all.end(), multistep.begin(), multistep.end());
  all.erase(all.begin(), all.begin() + dropped);
  const auto seam = all.begin() + std::min(runge_kutta.size(), all.size());
  Pndm program(v, calls);
  program.runge_kutta({all.begin(), seam}, runge_kutta);
  program.multistep({seam, all.end()}, !config.skip_prk_steps);
}

// The family whose latents grow with the noise: sigma = sqrt((1 - abar) / abar).
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
        const double most = std::pow(sigma_.back(), 1 / 7.), least = std::pow(sigma_[0], 1 / 7.);
        s[i] = std::pow(most + u * (least - most), 7);
      } else {
        s[i] = sigma(last() * (1 - u));
      }
    }
    return s;
  }

 private:
  std::vector<double> log_, sigma_;
};

void sigma_steps(const std::string& sampler, const SchedulerConfig& config, const SigmaTable& table,
                 const std::vector<double>& s, bool karras, size_t first, size_t steps,
                 std::vector<Call>& calls) {
  double h_before = 0;
  for (size_t i = first; i < steps; ++i) {
    const double now = s[i], next = i + 1 < steps ? s[i + 1] : 0;
    const double scale = 1 / std::sqrt(now * now + 1);
    // The noise, and the clean picture x - sigma * noise.
    const Mix e = config.v_prediction ? Mix{now * scale * scale, scale} : Mix{0, 1};
    const Mix x0{1 - now * e.x, -now * e.e};
    Call call{
        .t = karras ? table.time(now)
                    : table.last() * (1 - static_cast<double>(i) / std::max<size_t>(steps - 1, 1)),
        .input_scale = scale};
    if (sampler == "dpm++2m") {
      const int now_slot = kMemory + static_cast<int>(i % 2),
                before_slot = 2 * kMemory + 1 - now_slot;
      const double ratio = next / now, gain = 1 - ratio;  // -expm1(-h)
      const double h = -std::log(ratio);
      Move move{kX, {{kX, ratio}}};
      if (i == first || next == 0) {
        move.terms[0].coefficient += gain * x0.x;
        move.terms.push_back({kE, gain * x0.e});
      } else {
        const double lead = h / (2 * h_before);
        move.terms[0].coefficient += gain * (1 + lead) * x0.x;
        move.terms.push_back({kE, gain * (1 + lead) * x0.e});
        move.terms.push_back({before_slot, -gain * lead});
      }
      call.moves.push_back({now_slot, {{kX, x0.x}, {kE, x0.e}}});  // before x changes
      call.moves.push_back(std::move(move));
      h_before = h;
    } else {
      const bool ancestral = sampler == "euler-a" && next > 0;
      const double up = ancestral ? next * std::sqrt(now * now - next * next) / now : 0;
      const double down = std::sqrt(next * next - up * up);
      Move move{kX, {{kX, 1 + (down - now) * e.x}, {kE, (down - now) * e.e}}};
      if (ancestral) move.terms.push_back({kNoise, up});
      call.moves.push_back(std::move(move));
    }
    calls.push_back(std::move(call));
  }
}

}  // namespace

std::vector<double> cumulative_alphas(const SchedulerConfig& c) {
  const int n = c.num_train_timesteps;
  std::vector<double> alphas(n);
  const auto cosine = [](double u) {
    return std::pow(std::cos((u + 0.008) / 1.008 * M_PI / 2), 2);
  };
  double product = 1;
  for (int i = 0; i < n; ++i) {
    const double u = n > 1 ? static_cast<double>(i) / (n - 1) : 0;
    double beta = 0;
    switch (c.beta_schedule) {
      case SchedulerConfig::Betas::linear:
        beta = c.beta_start + u * (c.beta_end - c.beta_start);
        break;
      case SchedulerConfig::Betas::scaled_linear: {
        const double root =
            std::sqrt(c.beta_start) + u * (std::sqrt(c.beta_end) - std::sqrt(c.beta_start));
        beta = root * root;
        break;
      }
      case SchedulerConfig::Betas::squared_cosine:
        beta = std::min(1 - cosine((i + 1.0) / n) / cosine(static_cast<double>(i) / n), 0.999);
        break;
    }
    alphas[i] = product *= 1 - beta;
  }
  return alphas;
}

bool Call::reads_noise() const {
  for (const Move& move : moves) {
    for (const Term& term : move.terms) {
      if (term.slot == kNoise) return true;
    }
  }
  return false;
}

std::string sampler_name(const std::string& name) {
  const std::pair<const char*, const char*> aliases[] = {
      {"plms", "pndm"},         {"k-euler", "euler"},      {"euler-ancestral", "euler-a"},
      {"k-euler-a", "euler-a"}, {"dpm++-2m", "dpm++2m"},   {"dpmpp-2m", "dpm++2m"},
      {"dpmpp2m", "dpm++2m"},   {"k-dpmpp-2m", "dpm++2m"}, {"k-euler-ancestral", "euler-a"}};
  // "Euler a", "euler_a" and "euler-a" are one name.
  std::string plain = name;
  for (char& c : plain) {
    if (c == '_' || c == ' ') c = '-';
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  for (const auto& [alias, canonical] : aliases) {
    if (plain == alias) return canonical;
  }
  constexpr const char* known[] = {"ddim", "pndm", "ddpm", "euler", "euler-a", "dpm++2m"};
  for (const char* k : known) {
    if (plain == k) return plain;
  }
  throw usage_error("the sampler is {}, expected one of {}", name, fmt::join(known, ", "));
}

Schedule make_schedule(const std::string& name, const SchedulerConfig& config, int steps,
                       bool karras, double strength) {
  const std::string sampler = sampler_name(name);
  const bool sigmas = sampler == "euler" || sampler == "euler-a" || sampler == "dpm++2m";
  const int n = config.num_train_timesteps;
  const bool offset = !sigmas && config.timestep_spacing == SchedulerConfig::Spacing::leading;
  int most = n;
  while (offset && most > 1 && (most - 1) * (n / most) + config.steps_offset >= n) --most;
  if (steps < 1 || steps > most) throw usage_error("--steps is {}, expected 1 to {}", steps, most);
  if (karras && !sigmas) {
    throw usage_error("--scheduler karras needs euler, euler-a or dpm++2m, not {}", sampler);
  }
  const size_t kept = std::max(1, static_cast<int>(steps * strength));
  const size_t dropped = steps - kept;

  Schedule schedule;
  if (sigmas) {
    const SigmaTable table(config);
    const std::vector<double> levels = table.levels(steps, karras);
    sigma_steps(sampler, config, table, levels, karras, dropped, steps, schedule.calls);
    schedule.init_scale = levels[0];
    schedule.start_noise = levels[dropped];
    return schedule;
  }
  const VarianceKept v(config, steps);
  std::vector<int> ts = timesteps(config, steps);
  for (const int t : ts) {
    if (t < 0 || t >= n)
      throw usage_error("--steps is {}, which this schedule cannot place", steps);
  }
  if (sampler == "pndm") {
    pndm(v, config, ts, dropped, schedule.calls);
  } else {
    ts.erase(ts.begin(), ts.begin() + dropped);
    (sampler == "ddim" ? ddim : ddpm)(v, ts, schedule.calls);
  }
  const double a = v.abar(static_cast<int>(schedule.calls.front().t));
  schedule.start_z = std::sqrt(a);
  schedule.start_noise = std::sqrt(1 - a);
  return schedule;
}

}  // namespace yent
