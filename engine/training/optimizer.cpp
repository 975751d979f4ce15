#include "engine/training/optimizer.h"

#include <cmath>
#include <numbers>

#include "kernels/portable_math.h"

namespace yent::training {
namespace {

constexpr size_t update_piece = 16384;  // elements

// The numbers of one step that are the same for all elements of a parameter.
struct Factors {
  float keep;                // what weight decay leaves of a weight
  float beta1, beta2, clip;  // clip multiplies the gradient
  float step_size, inverse_correction, eps;

  void apply(Parameter& p, AdamW::Moments& m, size_t begin, size_t end) const {
    float *w = p.value.data(), *g = p.gradient.data();
    float *first = m.first.data(), *second = m.second.data();
    for (size_t i = begin; i < end; ++i) {
      const float gradient = g[i] * clip;
      first[i] += (gradient - first[i]) * (1 - beta1);
      second[i] = second[i] * beta2 + gradient * gradient * (1 - beta2);
      const float root = std::sqrt(second[i]) * inverse_correction + eps;
      w[i] = w[i] * keep - step_size * first[i] / root;
      g[i] = 0;
    }
  }
};

}  // namespace

double learning_rate(const OptimizerSettings& s, int64_t step, int64_t steps) {
  const double warm = std::ceil(s.warm_up * static_cast<double>(steps));
  const auto at = static_cast<double>(step);
  if (at < warm) return s.learning_rate * (at + 1) / warm;
  const double left = static_cast<double>(steps) - warm;
  const double done = left > 0 ? std::min(1.0, (at - warm) / left) : 1;
  const double cosine = 0.5 + 0.5 * portable::cos(std::numbers::pi * done);
  return s.learning_rate * (s.final_share + (1 - s.final_share) * cosine);
}

AdamW::AdamW(const OptimizerSettings& settings, std::deque<Parameter>& parameters)
    : settings_(settings), parameters_(parameters) {
  for (const Parameter& p : parameters_) {
    moments_.push_back({std::vector<float>(p.value.size()), std::vector<float>(p.value.size())});
  }
}

double AdamW::gradient_norm(const TrainingDevice& device) const {
  double squares = 0;
  for (const Parameter& p : parameters_) {
    const size_t count = p.gradient.size();
    std::vector<double> sums((count + update_piece - 1) / update_piece);
    device.for_pieces(count, update_piece, [&](size_t begin, size_t end) {
      sums[begin / update_piece] =
          dot(p.gradient.data() + begin, p.gradient.data() + begin, end - begin);
    });
    for (const double sum : sums) squares += sum;
  }
  return std::sqrt(squares);
}

double AdamW::step(const TrainingDevice& device, int64_t step, int64_t steps) {
  const double norm = gradient_norm(device), rate = learning_rate(settings_, step, steps);
  const auto power = static_cast<double>(step + 1);
  const double correction1 = 1 - portable::pow(settings_.beta1, power);
  const double correction2 = 1 - portable::pow(settings_.beta2, power);
  const bool clips = settings_.clip > 0 && norm > settings_.clip;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    Parameter& p = parameters_[i];
    const bool decays = p.role == Role::table ? settings_.tables_decay : p.role != Role::gain;
    const Factors factors{.keep = static_cast<float>(1 - rate * (decays ? settings_.decay : 0)),
                          .beta1 = static_cast<float>(settings_.beta1),
                          .beta2 = static_cast<float>(settings_.beta2),
                          .clip = static_cast<float>(clips ? settings_.clip / norm : 1),
                          .step_size = static_cast<float>(rate / correction1),
                          .inverse_correction = static_cast<float>(1 / std::sqrt(correction2)),
                          .eps = static_cast<float>(settings_.eps)};
    device.for_pieces(p.value.size(), update_piece,
                      [&](size_t begin, size_t end) { factors.apply(p, moments_[i], begin, end); });
  }
  return norm;
}

}  // namespace yent::training
