#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <ostream>  // doctest shows a generator

#include "engine/core/random.h"
#include "engine/pipeline/language/token_sampler.h"
#include "kernels/error.h"

using namespace yent;

namespace {

std::map<int32_t, int> draws(const TokenSamplerOptions& options, const std::vector<float>& logits,
                             int count, uint64_t seed = 3) {
  std::mt19937_64 generator(seed);
  std::map<int32_t, int> seen;
  const TokenSampler sampler(options);
  for (int i = 0; i < count; ++i) ++seen[sampler.sample(logits, generator)];
  return seen;
}

}  // namespace

TEST_CASE("sampler: greedy takes the highest logit, the lowest id on ties") {
  CHECK(draws({.temperature = 0}, {1, 3, 2, 3}, 5) == std::map<int32_t, int>{{1, 5}});
}

TEST_CASE("sampler: frequencies follow the softmax at the temperature") {
  const std::vector<float> logits{0, 1, 2, -1};
  for (const float temperature : {0.5f, 1.0f, 2.0f}) {
    constexpr int count = 40000;
    auto seen = draws({.temperature = temperature, .top_k = 0}, logits, count);
    double total = 0;
    for (const float l : logits) total += std::exp(l / temperature);
    for (int id = 0; id < 4; ++id) {
      const double p = std::exp(logits[id] / temperature) / total;
      const double sigma = std::sqrt(p * (1 - p) / count);
      CHECK(std::abs(seen[id] / static_cast<double>(count) - p) < 5 * sigma);
    }
  }
}

TEST_CASE("sampler: top-k, top-p and min-p keep the likeliest") {
  const std::vector<float> logits{std::log(0.1f), std::log(0.5f), std::log(0.15f), std::log(0.25f)};
  const auto ids = [&](const TokenSamplerOptions& o) {
    std::vector<int32_t> kept;
    for (const auto& [id, times] : draws(o, logits, 2000)) kept.push_back(id);
    return kept;
  };
  CHECK(ids({.temperature = 1, .top_k = 2}) == std::vector<int32_t>{1, 3});
  CHECK(ids({.temperature = 1, .top_k = 1}) == std::vector<int32_t>{1});
  CHECK(ids({.temperature = 1, .top_k = 0, .top_p = 0.7f}) == std::vector<int32_t>{1, 3});
  CHECK(ids({.temperature = 1, .top_k = 0, .min_p = 0.25f}) == std::vector<int32_t>{1, 2, 3});
  // The cut uses probabilities at temperature 1. The temperature of the draw does not change it.
  CHECK(ids({.temperature = 5, .top_k = 0, .top_p = 0.7f}) == std::vector<int32_t>{1, 3});
}

TEST_CASE("sampler: the penalty acts once on each of the last 64 tokens") {
  TokenSampler sampler({.temperature = 0, .repeat_penalty = 2});
  std::mt19937_64 generator(1);
  const std::vector<float> logits{4, 3, -1, 1.9f};
  CHECK(sampler.sample(logits, generator) == 0);
  sampler.accept(0);
  sampler.accept(0);
  CHECK(sampler.sample(logits, generator) == 1);  // 4 / 2 is less than 3, and halved only once
  sampler.accept(1);
  CHECK(sampler.sample(logits, generator) == 0);
  for (int i = 0; i < 64; ++i) sampler.accept(2);
  CHECK(sampler.sample(logits, generator) == 0);
}

TEST_CASE("sampler: a seed fixes the draws; NaN is an error") {
  const std::vector<float> logits{1, 2, 3, 4};
  CHECK(draws({}, logits, 100, 9) == draws({}, logits, 100, 9));
  CHECK(draws({}, logits, 100, 9) != draws({}, logits, 100, 10));
  CHECK_THROWS_AS(draws({}, {0, std::numeric_limits<float>::quiet_NaN()}, 1), Error);
}

TEST_CASE("sampler: greedy draws nothing; else one number a token, from the likeliest down") {
  std::mt19937_64 generator(23), twin(23);
  CHECK(TokenSampler({.temperature = -1}).sample(std::vector<float>{-INFINITY, -2}, generator) ==
        1);
  CHECK(generator == twin);
  const std::vector<float> logits{std::log(0.2f), std::log(0.5f), std::log(0.3f)};
  const TokenSampler sampler({.temperature = 1, .top_k = 0});
  for (int i = 0; i < 200; ++i) {
    const double u = draw_unit(twin);
    CHECK(sampler.sample(logits, generator) == (u < 0.5 ? 1 : u < 0.8 ? 2 : 0));
  }
}

TEST_CASE("sampler: among equals top-k keeps the lower ids") {
  const auto seen = draws({.temperature = 1, .top_k = 2}, {1, 2, 1, 1}, 2000);
  CHECK(seen.size() == 2);
  CHECK(seen.count(0) == 1);
  CHECK(draws({.temperature = 1, .top_k = 100}, {1, 2, 1, 1}, 2000).size() == 4);
}

TEST_CASE("sampler: the penalty lowers negative logits, too, and forgets after 64 tokens") {
  TokenSampler sampler({.temperature = 0, .repeat_penalty = 2});
  std::mt19937_64 generator;
  sampler.accept(0);
  CHECK(sampler.sample(std::vector<float>{-1, -1.9f, -9}, generator) == 1);
  for (int i = 0; i < 63; ++i) sampler.accept(2);
  CHECK(sampler.sample(std::vector<float>{3, 2, -1}, generator) ==
        1);  // the 64th last still counts
  sampler.accept(2);
  CHECK(sampler.sample(std::vector<float>{3, 2, -1}, generator) == 0);
}
