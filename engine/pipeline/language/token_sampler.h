// From logits to the next token.
#pragma once

#include <cstdint>
#include <deque>
#include <random>
#include <span>
#include <vector>

namespace yent {

struct TokenSamplerOptions {
  float temperature = 0.8f;  // 0 and less: greedy, the lowest id on ties
  int top_k = 40;            // 0: all
  float top_p = 1;           // keep the likeliest tokens up to this share of probability
  float min_p = 0;           // drop what is less likely than this share of the likeliest
  float repeat_penalty = 1;  // on the distinct tokens of the last 64
};

// Penalty, top-k, top-p and min-p (on probabilities at temperature 1), temperature, draw.
class TokenSampler {
 public:
  explicit TokenSampler(const TokenSamplerOptions& options) : options_(options) {}

  // Tells what has been said, prompt included, for the penalty.
  void accept(int32_t token);

  // Draws once from the generator, unless greedy. Throws a run error when a logit is NaN.
  int32_t sample(std::span<const float> logits, std::mt19937_64& generator) const;

 private:
  std::vector<float> penalized(std::span<const float> logits) const;

  TokenSamplerOptions options_;
  std::deque<int32_t> recent_;
};

}  // namespace yent
