// A Markov chain whose posterior is known stands in place of the network: what a rule loses is then
// a number. As the places that a step reveals follow from what is known, a text is reached in one
// way only, and its probability under a sampler is a product that can be computed.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "engine/characters/decoder.h"
#include "engine/core/random.h"

namespace yent::character_diffusion::test {

// Ids 1 .. states are the states of a chain; 0 is the mask.
class MarkovModel : public Model {
 public:
  // `sharpness` 0: all transitions are alike; the larger, the surer is what follows.
  MarkovModel(int states, double sharpness, uint64_t seed) : states_(states) {
    std::mt19937_64 generator(seed);
    transition_.resize(states * states);
    for (int from = 0; from < states; ++from) {
      double sum = 0;
      for (int to = 0; to < states; ++to) {
        const double gumbel = -std::log(-std::log(draw_unit(generator) + 1e-12));
        sum += at(from, to) = std::exp(sharpness * gumbel);
      }
      for (int to = 0; to < states; ++to) at(from, to) /= sum;
    }
    first_.assign(states, 1.0 / states);
    for (int i = 0; i < 1000; ++i) first_ = moved(first_);  // the stationary distribution
  }

  int vocabulary() const override { return states_ + 1; }
  int steps() const override { return 128; }

  std::vector<float> logits(std::span<const int32_t> ids, std::span<const int32_t> times,
                            int length) override {
    std::vector<float> all;
    for (size_t row = 0; row < times.size(); ++row) {
      const std::vector<double> p = posterior(ids.subspan(row * length, length));
      for (int place = 0; place < length; ++place) {
        all.push_back(-1000);
        for (int s = 0; s < states_; ++s) {
          all.push_back(rounded_log(p[place * states_ + s]));
        }
      }
      ++evaluations;
    }
    return all;
  }

  // Places in the middle of masks are alike but for rounding, on which no order may depend.
  static float rounded_log(double p) {
    constexpr double unit = 1.0 / (1 << 20);
    return static_cast<float>(std::round(std::log(p + 1e-300) / unit) * unit);
  }

  double log_probability(std::span<const int32_t> ids) const {
    double sum = std::log(first_[ids[0] - 1]);
    for (size_t i = 1; i < ids.size(); ++i) sum += std::log(at(ids[i - 1] - 1, ids[i] - 1));
    return sum;
  }

  // [place][state], by the forward and the backward recursion.
  std::vector<double> posterior(std::span<const int32_t> ids) const {
    const size_t n = ids.size();
    std::vector<std::vector<double>> forward(n), backward(n, std::vector<double>(states_, 1.0));
    for (size_t i = 0; i < n; ++i)
      forward[i] = seen(i == 0 ? first_ : moved(forward[i - 1]), ids[i]);
    for (size_t i = n - 1; i-- > 0;) {
      const std::vector<double> next = seen(backward[i + 1], ids[i + 1]);
      for (int from = 0; from < states_; ++from) {
        backward[i][from] = 0;
        for (int to = 0; to < states_; ++to) backward[i][from] += at(from, to) * next[to];
      }
      normalize(backward[i]);
    }
    std::vector<double> all;
    for (size_t i = 0; i < n; ++i) {
      for (int s = 0; s < states_; ++s) forward[i][s] *= backward[i][s];
      normalize(forward[i]);
      all.insert(all.end(), forward[i].begin(), forward[i].end());
    }
    return all;
  }

  int evaluations = 0;

 private:
  double& at(int from, int to) { return transition_[from * states_ + to]; }
  double at(int from, int to) const { return transition_[from * states_ + to]; }

  static void normalize(std::vector<double>& p) {
    double sum = 0;
    for (const double x : p) sum += x;
    for (double& x : p) x /= sum;
  }
  std::vector<double> moved(const std::vector<double>& p) const {
    std::vector<double> next(states_);
    for (int from = 0; from < states_; ++from) {
      for (int to = 0; to < states_; ++to) next[to] += p[from] * at(from, to);
    }
    return next;
  }
  std::vector<double> seen(std::vector<double> p, int32_t id) const {
    for (int s = 0; s < states_ && id > 0; ++s) {
      if (s != id - 1) p[s] = 0;
    }
    normalize(p);
    return p;
  }

  int states_;
  std::vector<double> transition_, first_;
};

// The log of the probability with which a sampler that draws makes this text, and the evaluations
// that it needs.
struct Reached {
  double log_probability = 0;
  int evaluations = 0;
};

inline Reached reach(const MarkovModel& model, const Rule& rule, std::span<const int32_t> text) {
  const int length = static_cast<int>(text.size()), states = model.vocabulary() - 1;
  std::vector<int32_t> ids(length, 0);
  Reached reached;
  for (int left = length; left > 0; ++reached.evaluations) {
    std::vector<double> p = model.posterior(ids);
    std::vector<Guess> guesses;
    for (int i = 0; i < length; ++i) {
      if (ids[i] != 0) continue;
      Guess& g = guesses.emplace_back();
      g.place = i;
      double sum = 0;
      for (int s = 0; s < states; ++s) {
        sum += p[i * states + s] = std::exp(double{model.rounded_log(p[i * states + s])});
      }
      for (int s = 0; s < states; ++s) {
        const double x = p[i * states + s] /= sum;
        g.confidence = std::max(g.confidence, x);
        if (x > 0) g.entropy -= x * std::log(x);
      }
    }
    for (const int place : accepted(rule, guesses, length)) {
      ids[place] = text[place];
      reached.log_probability += std::log(p[place * states + text[place] - 1]);
      --left;
    }
  }
  return reached;
}

}  // namespace yent::character_diffusion::test
