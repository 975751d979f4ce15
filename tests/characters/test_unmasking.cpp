// The rules of unmasking, and what they lose against a distribution that is known.
#include <doctest/doctest.h>

#include "engine/characters/unmasking.h"
#include "kernels/error.h"
#include "tests/characters/markov.h"

using namespace yent;
using namespace yent::character_diffusion;
using namespace yent::character_diffusion::test;

namespace {

std::vector<Guess> guesses_of(const std::vector<double>& confidences,
                              const std::vector<double>& entropies) {
  std::vector<Guess> all;
  for (size_t i = 0; i < confidences.size(); ++i) {
    all.push_back({static_cast<int>(2 * i), confidences[i], entropies[i]});
  }
  return all;
}

using Places = std::vector<int>;

// Over all texts of a length: the probability of a sampler that draws against the true one, and the
// evaluations that it needs on the average.
struct Loss {
  double total_variation = 0, evaluations = 0, sum = 0;
};

Loss loss_of(const MarkovModel& model, const Rule& rule, int states, int length) {
  Loss loss;
  std::vector<int32_t> text(length, 1);
  for (bool more = true; more;) {
    const Reached reached = reach(model, rule, text);
    const double q = std::exp(reached.log_probability), p = std::exp(model.log_probability(text));
    loss.total_variation += std::abs(q - p) / 2;
    loss.evaluations += q * reached.evaluations;
    loss.sum += q;
    more = false;
    for (int32_t& id : text) {  // the next text, as a number is counted up
      if ((id = id % states + 1) != 1) {
        more = true;
        break;
      }
    }
  }
  return loss;
}

// Of texts that were drawn: the mean of log q(x) / p(x), which is the divergence of q from p.
struct Divergence {
  double nats = 0, evaluations = 0;
};

Divergence divergence_of(MarkovModel& model, const Rule& rule, int length, int count) {
  Divergence d;
  for (int seed = 1; seed <= count; ++seed) {
    std::vector<Row> rows{Row::beginning({}, length, seed)};
    const int steps = decode(model, rows, {.rule = rule, .draw = true, .nul = false})[0];
    const Reached reached = reach(model, rule, rows[0].ids);
    CHECK(reached.evaluations == steps);  // the same places, found in another way
    d.nats += (reached.log_probability - model.log_probability(rows[0].ids)) / count;
    d.evaluations += static_cast<double>(steps) / count;
  }
  return d;
}

}  // namespace

TEST_CASE("unmasking: what each rule accepts") {
  const auto guesses = guesses_of({0.5, 0.95, 0.9, 0.95, 0.2}, {1, 0.1, 0.3, 0.1, 2});
  CHECK(accepted({.kind = RuleKind::confidence, .tau = 0.9}, guesses, 10) == Places{2, 4, 6});
  CHECK(accepted({.kind = RuleKind::confidence, .tau = 0.96}, guesses, 10) == Places{2});
  CHECK(accepted({.kind = RuleKind::topk, .k = 2}, guesses, 10) == Places{2, 6});
  CHECK(accepted({.kind = RuleKind::topk, .k = 9}, guesses, 10) == Places{0, 2, 4, 6, 8});
  CHECK(accepted({.kind = RuleKind::topk}, guesses, 39) == Places{2, 4, 6});  // a tenth
  CHECK(accepted({.kind = RuleKind::topk}, guesses, 5) == Places{2});
  CHECK(rule_named("entropy") == RuleKind::entropy);
  CHECK_THROWS_AS(rule_named("best"), Error);
}

TEST_CASE("unmasking: entropy-bounded unmasking stops where the bound is reached") {
  const auto guesses = guesses_of({0.5, 0.95, 0.9, 0.95, 0.2}, {1, 0.1, 0.3, 0.1, 2});
  const auto rule = [](double bound, double reach) {
    return Rule{.kind = RuleKind::entropy, .bound = bound, .reach = reach};
  };
  constexpr double endless = 1e9;
  // Without a reach, of every two neighbours the smaller entropy counts.
  CHECK(accepted(rule(0, endless), guesses, 10) == Places{2});
  CHECK(accepted(rule(0.11, endless), guesses, 10) == Places{2, 6});
  CHECK(accepted(rule(0.21, endless), guesses, 10) == Places{2, 4, 6});
  CHECK(accepted(rule(0.31, endless), guesses, 10) == Places{0, 2, 4, 6});
  CHECK(accepted(rule(0.41, endless), guesses, 10) == Places{0, 2, 4, 6, 8});
  // The nearer they are, the more they count: places 2 and 6 are three apart.
  CHECK(accepted(rule(0.1 * std::exp(-3.0) + 1e-6, 1), guesses, 10) == Places{2, 6});
  CHECK(accepted(rule(0.1 * std::exp(-3.0) - 1e-6, 1), guesses, 10) == Places{2, 8});
}

TEST_CASE("unmasking: total variation from the true joint, over all texts") {
  constexpr int states = 3, length = 7;
  const MarkovModel model(states, 2, 4);
  const auto loss = [&](const Rule& rule) {
    const Loss all = loss_of(model, rule, states, length);
    CHECK(all.sum == doctest::Approx(1));  // a sampler is a distribution
    return all;
  };
  // One place a step is exact, whatever the order.
  const Loss one = loss({.kind = RuleKind::topk, .k = 1});
  CHECK(one.total_variation < 1e-5);
  CHECK(one.evaluations == doctest::Approx(length));
  CHECK(loss({.kind = RuleKind::entropy, .bound = 0, .reach = 1e9}).total_variation < 1e-5);
  // All at once is the product of the marginals.
  const Loss all = loss({.kind = RuleKind::topk, .k = length});
  CHECK(all.evaluations == doctest::Approx(1));
  CHECK(all.total_variation > 0.3);
  // In between, a looser bound is faster and worse.
  double last = -1, steps = length + 1;
  for (const double bound : {0.01, 0.3, 1.0, 10.0}) {
    const Loss bounded = loss({.kind = RuleKind::entropy, .bound = bound, .reach = 2});
    CHECK(bounded.total_variation >= last);
    CHECK(bounded.evaluations <= steps);
    last = bounded.total_variation, steps = bounded.evaluations;
  }
  const Loss sure = loss({.kind = RuleKind::confidence, .tau = 0.9});
  CHECK(sure.total_variation > 0);
  const Loss pairs = loss({.kind = RuleKind::topk, .k = 2});
  CHECK(pairs.total_variation > 0.1);  // no rule that counts places can be right
}

TEST_CASE("unmasking: the entropy rule needs half the evaluations of confidence 0.9 at its error") {
  constexpr int length = 32, count = 150;
  MarkovModel model(4, 2, 2);
  const Divergence sure =
      divergence_of(model, {.kind = RuleKind::confidence, .tau = 0.9}, length, count);
  // What follows depends on one place alone, so that little reaches far.
  const Divergence bounded =
      divergence_of(model, {.kind = RuleKind::entropy, .reach = 2}, length, count);
  MESSAGE("confidence 0.9: " << sure.evaluations << " evaluations, " << sure.nats
                             << " nats; entropy: " << bounded.evaluations << ", " << bounded.nats);
  CHECK(bounded.evaluations * 2 <= sure.evaluations);
  // 0.02 nats are the noise of the means.
  CHECK(bounded.nats <= sure.nats + 0.02);
}
