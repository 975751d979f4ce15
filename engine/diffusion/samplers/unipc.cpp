// UniPC: a multistep predictor as DPM-Solver++'s, and a corrector that uses the model's output at
// the end of a step to take the step again, before the next one begins. In sigma form, with lambda
// = -log sigma; formulas of the paper's B(h), for outputs read as clean pictures.
#include <algorithm>
#include <array>
#include <cmath>

#include "engine/diffusion/samplers/samplers.h"
#include "engine/diffusion/samplers/sigma_levels.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

// The rows a x = b with n <= 3 unknowns, by Gauss.
struct Equations {
  std::array<std::array<double, 4>, 3> rows;  // b is the column n

  std::array<double, 3> solve(int n) {
    for (int i = 0; i < n; ++i) {
      for (int below = i + 1; below < n; ++below) {
        const double factor = rows[below][i] / rows[i][i];
        for (int k = i; k <= n; ++k) rows[below][k] -= factor * rows[i][k];
      }
    }
    std::array<double, 3> x{};
    for (int i = n - 1; i >= 0; --i) {
      x[i] = rows[i][n];
      for (int k = i + 1; k < n; ++k) x[i] -= rows[i][k] * x[k];
      x[i] /= rows[i][i];
    }
    return x;
  }
};

class UniPc {
 public:
  explicit UniPc(const SamplerRequest& request)
      : levels_(request, SigmaLevels::Family::solver), own_(request.config.own) {}

  Schedule schedule() {
    Schedule schedule = levels_.schedule();
    for (size_t i = levels_.first(); i < levels_.count(); ++i) {
      ModelCall& call = schedule.calls.emplace_back(levels_.call(i));
      const Estimate x0 = levels_.clean(levels_.sigma(i));
      call.updates.push_back({output(i), {{kX, x0.x}, {kModelOutput, x0.output}}});
      if (i > levels_.first()) call.updates.push_back({kX, step(i - 1, order(i - 1), true)});
      call.updates.push_back({kBegin, {{kX, 1}}});
      call.updates.push_back({kX, step(i, order(i), false)});
    }
    return schedule;
  }

 private:
  static constexpr int kBegin = kMemory + 4;  // the latent that the last step began with

  static int output(size_t i) { return kMemory + static_cast<int>(i % 4); }

  int order(size_t i) const {
    size_t order = std::min<size_t>(own_.solver_order, i - levels_.first() + 1);
    if (own_.lower_order_final) order = std::min(order, levels_.count() - i);
    return levels_.sigma(i + 1) == 0 ? 1 : static_cast<int>(order);
  }

  // Lambda from level i to level k, in steps of length h.
  double distance(size_t i, size_t k, double h) const {
    return portable::log(levels_.sigma(i) / levels_.sigma(k)) / h;
  }

  // Step i, from the latent in kBegin; with the output at its end where it is corrected.
  std::vector<Term> step(size_t i, int order, bool corrects) const {
    const double ratio = levels_.sigma(i + 1) / levels_.sigma(i), h = -portable::log(ratio);
    const double b = own_.bh1 ? -h : ratio - 1;
    std::array<double, 3> at{}, share{};  // where the other outputs are, and their weights
    for (int k = 1; k < order; ++k) at[k - 1] = distance(i, i - k, h);
    at[order - 1] = 1;
    if (order == 1) {
      share[0] = corrects ? 0.5 : 0;
    } else if (order == 2 && !corrects) {
      share[0] = 0.5;
    } else {
      share = weights(at, h, b, corrects ? order : order - 1);
    }
    std::vector<Term> terms{{kBegin, ratio}, {output(i), 1 - ratio}};
    const int others = corrects ? order : order - 1;
    for (int k = 0; k < others; ++k) {
      const double weight = -b * share[k] / at[k];
      terms.push_back({k + 1 < order ? output(i - k - 1) : output(i + 1), weight});
      terms[1].coefficient -= weight;
    }
    return terms;
  }

  // So that the first n powers of the distances integrate exactly.
  static std::array<double, 3> weights(const std::array<double, 3>& at, double h, double b, int n) {
    Equations equations{};
    double phi = (portable::exp(-h) - 1) / -h - 1, factorial = 1;
    for (int row = 0; row < n; ++row) {
      for (int k = 0; k < n; ++k)
        equations.rows[row][k] = row == 0 ? 1 : equations.rows[row - 1][k] * at[k];
      equations.rows[row][n] = phi * factorial / b;
      factorial *= row + 2;
      phi = phi / -h - 1 / factorial;
    }
    return equations.solve(n);
  }

  SigmaLevels levels_;
  const SchedulerConfig::OwnFields& own_;
};

}  // namespace

Schedule unipc(const SamplerRequest& request) { return UniPc(request).schedule(); }

}  // namespace yent
