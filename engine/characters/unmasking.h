// Which of the masked places a step reveals. What a step accepts is drawn place by place, as if the
// places did not depend on each other; the rules differ in how much of that error they let happen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace yent::character_diffusion {

// confidence: every place whose likeliest character has at least the probability tau, or else the
//   most confident one.
// topk: the k most confident places.
// entropy: as many places as a bound on the error allows, the surest first. Places that are drawn
//   together err by the information that they have about each other, in nats. Of two neighbours
//   among them this is at most the smaller one's entropy, and every place between them takes a
//   share of it away (in a Markov chain, by the strong data processing inequality). There the sum
//   over neighbours bounds the whole error (the chain rule). Entropy-bounded unmasking (Ben-Hamu et
//   al., 2025, arXiv:2505.24857) sums all entropies but the largest: that holds for any text, but
//   counts places that are far apart as if they knew each other, and takes more steps. Chains of
//   characters of order 2, 3 and 4 counted in the King James Version, whose posterior is known, are
//   drawn without error that can be measured at a bound of 0.1 and a reach of 4, in a third of the
//   evaluations of confidence 0.9; at a reach of 2 in a fifth, but order 4 errs by a nat.
enum class RuleKind : uint8_t { confidence, topk, entropy };

struct Rule {
  RuleKind kind = RuleKind::confidence;
  double tau = 0.95;   // confidence
  int k = 0;           // topk; 0: a tenth of the length
  double bound = 0.1;  // entropy: nats of error a step
  double reach = 4;    // entropy: places over which the information falls to 1/e
};

// Throws a usage error for another name. The names, for messages.
RuleKind rule_named(const std::string& name);
const char* rule_name(RuleKind kind);

// What a model says of one masked place.
struct Guess {
  int place = 0;
  double confidence = 0;  // probability of the likeliest character
  double entropy = 0;     // nats
};

// The places that a step reveals, ascending: at least one. `guesses` are those of all masked places
// of a row of `length`, ascending and not empty. Of equals the first is taken.
std::vector<int> accepted(const Rule& rule, std::span<const Guess> guesses, int length);

}  // namespace yent::character_diffusion
