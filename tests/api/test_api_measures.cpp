// Measures of pictures through the C API.
#include <doctest/doctest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "yent/yent.h"

namespace {

using Pixels = std::vector<uint8_t>;

Pixels waves() {
  Pixels rgb;
  for (int y = 0; y < 256; ++y) {
    for (int x = 0; x < 256; ++x) {
      for (const int v : {3 * x + 5 * y, x * x / 64 + 2 * y, x * y / 32}) {
        rgb.push_back(static_cast<uint8_t>(v));
      }
    }
  }
  return rgb;
}

yent_image picture(Pixels& rgb) { return {rgb.data(), 256, 256}; }

std::map<std::string, double> measured(yent_image image, yent_image baseline,
                                       yent_latent latent = {}, yent_latent other = {}) {
  size_t count = 0;
  while (yent_measure_name(count)) ++count;
  std::vector<double> values(count, -1);
  REQUIRE(yent_measure(image, baseline, latent, other, values.data()) == YENT_OK);
  std::map<std::string, double> named;
  for (size_t i = 0; i < count; ++i) named[yent_measure_name(i)] = values[i];
  CHECK(named.size() == count);
  return named;
}

}  // namespace

TEST_CASE("api: a picture is measured, alone and against a baseline") {
  Pixels p = waves(), q = p;
  for (uint8_t& v : q) v = static_cast<uint8_t>(85 * (v / 64));
  std::vector<float> a(24), b(24);
  for (int i = 0; i < 24; ++i) a[i] = static_cast<float>(i), b[i] = static_cast<float>(i % 5);
  const yent_latent one{a.data(), 4, 3, 2}, two{b.data(), 4, 3, 2};
  const auto all = measured(picture(q), picture(p), one, two);
  CHECK(all.at("psnr") == doctest::Approx(18.647319));
  CHECK(all.at("edge_ratio") == doctest::Approx(1.112812));
  CHECK(all.at("palette") == doctest::Approx(23.692910));
  CHECK(all.at("hf_ratio") == doctest::Approx(0.035993).epsilon(1e-4));
  CHECK(all.at("cosine_distance") > 0.01);
  const auto alone = measured(picture(q), {});
  for (const auto& measure : alone) {
    CAPTURE(measure.first);
    const bool against = all.at(measure.first) != measure.second;
    CHECK(against == std::isnan(measure.second));
  }
  CHECK(std::isnan(alone.at("psnr")));
  CHECK(std::isnan(measured(picture(p), {p.data(), 256, 255}).at("mae")));
  CHECK(measured(picture(p), {}, one, one).at("cosine_distance") == doctest::Approx(0));
}

TEST_CASE("api: what cannot be measured is a usage error") {
  Pixels p = waves();
  double values[64];
  CHECK(yent_measure({}, picture(p), {}, {}, values) == YENT_ERROR_USAGE);
  CHECK(yent_measure(picture(p), {}, {}, {}, nullptr) == YENT_ERROR_USAGE);
  float number = 0;
  CHECK(yent_measure(picture(p), {}, {&number, 0, 1, 1}, {&number, 1, 1, 1}, values) ==
        YENT_ERROR_USAGE);
}
