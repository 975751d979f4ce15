#include <doctest/doctest.h>

#include <cmath>
#include <vector>

#include "engine/core/random.h"
#include "loaders/io/json.h"
#include "tests/support/tree.h"

using yent::NoiseSource;
using yent::read_json;
using yent::Rng;

namespace {

std::vector<float> draw(NoiseSource& source, size_t count) {
  std::vector<float> out(count);
  source.normal(out.data(), count);
  return out;
}

void check_begins(const std::vector<float>& found, const std::vector<double>& expected,
                  double limit) {
  for (size_t i = 0; i < expected.size(); ++i) {
    CAPTURE(i);
    CHECK(std::abs(found.at(i) - expected[i]) < limit);
  }
}

}  // namespace

TEST_CASE("random: the CPU generator gives torch's numbers, call after call") {
  for (const auto& golden : read_json(yent::in_tree("tests/golden/random_torch.json"))) {
    const auto seed = golden.at("seed").get<uint64_t>();
    CAPTURE(seed);
    NoiseSource source(seed, Rng::cpu);
    for (const auto& call : golden.at("calls")) {
      const auto expected = call.get<std::vector<double>>();
      CAPTURE(expected.size());
      check_begins(draw(source, expected.size()), expected, 2e-6);
    }
  }
}

TEST_CASE("random: a latent of 4 x 64 x 64 as everyone knows it") {
  NoiseSource source(42, Rng::cpu);
  const std::vector<float> latent = draw(source, 4 * 64 * 64);
  check_begins(latent, {1.926915, 1.487284, 0.900717, -2.105521, 0.678418, -1.234545}, 2e-6);
  check_begins({latent.end() - 2, latent.end()}, {0.97281, -0.293406}, 2e-6);
}

TEST_CASE("random: the CUDA generator gives torch's numbers") {
  NoiseSource zero(0, Rng::cuda), answer(42, Rng::cuda);
  check_begins(draw(zero, 4), {-0.92466259, -0.42534415, -2.6438457, 0.14518388}, 2e-6);
  check_begins(draw(answer, 4), {0.194019, 2.161374, -0.172051, 0.849060}, 2e-6);
}

TEST_CASE("random: CUDA numbers depend on the call and the element, not on the count") {
  NoiseSource one(7, Rng::cuda), other(7, Rng::cuda);
  const std::vector<float> few = draw(one, 5), many = draw(other, 1000);
  CHECK(few == std::vector<float>(many.begin(), many.begin() + 5));
  const std::vector<float> next = draw(one, 5);
  CHECK(next != few);
  CHECK(next == draw(other, 5));
  NoiseSource high(7 + (uint64_t{1} << 32), Rng::cuda);  // both words of the seed count
  CHECK(draw(high, 5) != few);
}

TEST_CASE("random: both generators are normal") {
  for (const Rng kind : {Rng::cpu, Rng::cuda}) {
    NoiseSource source(99, kind);
    const std::vector<float> values = draw(source, 100003);
    double mean = 0, square = 0;
    for (const double v : values) mean += v / 100003, square += v * v / 100003;
    CHECK(std::abs(mean) < 0.015);
    CHECK(std::abs(square - 1) < 0.02);
  }
}

TEST_CASE("random: no numbers, no trace") {
  for (const Rng kind : {Rng::cpu, Rng::cuda}) {
    NoiseSource touched(3, kind), fresh(3, kind);
    touched.normal(nullptr, 0);
    CHECK(draw(touched, 20) == draw(fresh, 20));
  }
}
