// exp, log, sin, cos and pow from basic operations: right to two units in the last place, and the
// same bits on every machine.
#include "kernels/portable_math.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "loaders/io/json.h"
#include "tests/support/tree.h"

using namespace yent;

namespace {

using Function = double (*)(double);
constexpr std::pair<const char*, Function> functions[] = {
    {"exp", portable::exp}, {"log", portable::log}, {"sin", portable::sin}, {"cos", portable::cos}};

// FNV-1a over the bits of `count` results.
template <class F>
uint64_t hash_of(int count, const F& result) {
  uint64_t hash = 0xcbf29ce484222325;
  for (int i = 0; i < count; ++i) {
    const auto value = result(i);
    unsigned char bytes[sizeof value];
    std::memcpy(bytes, &value, sizeof value);
    for (const unsigned char byte : bytes) hash = (hash ^ byte) * 0x100000001b3;
  }
  return hash;
}

}  // namespace

TEST_CASE("portable math: the nearest doubles, or their neighbours") {
  const Json golden = read_json(in_tree("tests/golden/portable_math.json"));
  for (const auto& row : functions) {
    const Function function = row.second;
    CAPTURE(row.first);
    for (const Json& pair : golden[row.first]) {
      const double x = pair[0].get<double>(), expected = pair[1].get<double>();
      const double unit = std::nextafter(std::fabs(expected), HUGE_VAL) - std::fabs(expected);
      CAPTURE(x);
      CHECK(std::fabs(function(x) - expected) <= 2 * unit + 1e-17 * (std::fabs(x) > 1));
    }
  }
  CHECK(portable::exp(-800) == 0);
  CHECK(std::isinf(portable::exp(800)));
  CHECK(std::isnan(portable::exp(NAN)));
  CHECK(std::isinf(portable::log(0)));
  CHECK(std::isnan(portable::log(-1)));
  CHECK(std::isnan(portable::sin(INFINITY)));
  CHECK(std::isnan(portable::cos(NAN)));
  CHECK(portable::pow(0, 3) == 0);
  CHECK(portable::pow(7, 0) == 1);
  CHECK(portable::pow(10000, -0.5) == doctest::Approx(0.01).epsilon(1e-15));
}

TEST_CASE("portable math: the same bits on every machine") {
  CHECK(hash_of(20000, [](int i) { return portable::exp(i * 0.0707 - 707.0); }) ==
        0xdee27c119ff2cbe7u);
  CHECK(hash_of(20000, [](int i) { return portable::log(i * i * 1e-3 + 1e-9); }) ==
        0x859a9ecb52abbee1u);
  CHECK(hash_of(20000, [](int i) { return portable::sin(i * 3.3 - 3300.0); }) ==
        0x94a1b1d10aaea0a3u);
  CHECK(hash_of(20000, [](int i) { return portable::cos(i * 3.3 - 3300.0); }) ==
        0x4be515370f7fb1d8u);
  CHECK(hash_of(20000, [](int i) { return portable::pow(i + 0.5, 1 / 7.0); }) ==
        0x18d71eee08e6daeeu);
  CHECK(hash_of(20000, [](int i) { return portable::exp(i * -0.001f, true); }) ==
        0x65f53bd286f27017u);
  CHECK(hash_of(20000, [](int i) { return portable::sin(i * 0.05f, true); }) ==
        0x1ab41e0cbc626dd6u);
  CHECK(hash_of(20000, [](int i) { return portable::cos(i * 0.05f, true); }) ==
        0x57509be2e85d4b99u);
}
