#include "engine/characters/unmasking.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "kernels/error.h"
#include "kernels/portable_math.h"

namespace yent::character_diffusion {
namespace {

constexpr const char* kNames[] = {"confidence", "topk", "entropy"};

// Indices of the guesses, those that come `before` others first.
template <class Before>
std::vector<size_t> ordered(std::span<const Guess> guesses, Before before) {
  std::vector<size_t> order(guesses.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return before(guesses[a], guesses[b]); });
  return order;
}

bool surer(const Guess& a, const Guess& b) { return a.confidence > b.confidence; }

std::vector<int> by_confidence(double tau, std::span<const Guess> guesses) {
  std::vector<int> places;
  for (const Guess& g : guesses) {
    if (g.confidence >= tau) places.push_back(g.place);
  }
  if (places.empty()) places.push_back(guesses[ordered(guesses, surer).front()].place);
  return places;
}

std::vector<int> by_rank(int k, std::span<const Guess> guesses) {
  std::vector<int> places;
  for (const size_t i : ordered(guesses, surer)) {
    if (static_cast<int>(places.size()) < k) places.push_back(guesses[i].place);
  }
  std::sort(places.begin(), places.end());
  return places;
}

// Places that are drawn together, and the bound on their error.
class Together {
 public:
  Together(double bound, double reach) : bound_(bound), reach_(reach) {}

  // Takes the place in if the error stays below the bound.
  void offer(const Guess& g) {
    const auto right = entropies_.upper_bound(g.place);
    const auto left = right == entropies_.begin() ? entropies_.end() : std::prev(right);
    const std::pair here(g.place, g.entropy);
    double sum = sum_;
    if (left != entropies_.end()) sum += shared(*left, here);
    if (right != entropies_.end()) sum += shared(here, *right);
    if (left != entropies_.end() && right != entropies_.end()) sum -= shared(*left, *right);
    if (sum > bound_ && !entropies_.empty()) return;
    entropies_.insert(here);
    sum_ = sum;
  }

  std::vector<int> places() const {
    std::vector<int> all;
    for (const auto& [place, entropy] : entropies_) all.push_back(place);
    return all;
  }

 private:
  // The most information that two places have about each other.
  double shared(std::pair<int, double> left, std::pair<int, double> right) const {
    const int between = right.first - left.first - 1;
    return std::min(left.second, right.second) * portable::exp(-between / reach_);
  }

  double bound_, reach_, sum_ = 0;
  std::map<int, double> entropies_;
};

std::vector<int> by_entropy(const Rule& rule, std::span<const Guess> guesses) {
  Together together(rule.bound, rule.reach);
  const auto clearer = [](const Guess& a, const Guess& b) { return a.entropy < b.entropy; };
  for (const size_t i : ordered(guesses, clearer)) together.offer(guesses[i]);
  return together.places();
}

}  // namespace

RuleKind rule_named(const std::string& name) {
  for (const RuleKind kind : {RuleKind::confidence, RuleKind::topk, RuleKind::entropy}) {
    if (name == rule_name(kind)) return kind;
  }
  throw usage_error("the rule is {}, expected confidence, topk or entropy", name);
}

const char* rule_name(RuleKind kind) { return kNames[static_cast<int>(kind)]; }

std::vector<int> accepted(const Rule& rule, std::span<const Guess> guesses, int length) {
  ENSURE(!guesses.empty(), "characters: no place is masked");
  switch (rule.kind) {
    case RuleKind::confidence:
      return by_confidence(rule.tau, guesses);
    case RuleKind::topk:
      return by_rank(rule.k > 0 ? rule.k : std::max(1, length / 10), guesses);
    case RuleKind::entropy:
      return by_entropy(rule, guesses);
  }
  return {};
}

}  // namespace yent::character_diffusion
