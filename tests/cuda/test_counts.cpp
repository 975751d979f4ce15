// What the emulator counts, against counts by hand; and a sample of blocks against all of them.
#include <doctest/doctest.h>

#include <cmath>
#include <map>

#include "tests/support/cuda/cuda_device.h"
#include "tests/support/cuda_emulator/counted/counter_results.h"
#include "tests/support/cuda_emulator/launch.h"
#include "tests/support/cuda_emulator/requests.h"
#include "tests/support/cuda_emulator/symbol_name.h"
#include "tests/support/random_weights.h"

using namespace yent;
using namespace yent::test;
namespace emulator = yent::cuda::emulator;
using emulator::Request;

namespace {

Request every_lane(uintptr_t first, size_t step, uint32_t bytes) {
  Request request;
  for (size_t lane = 0; lane < 32; ++lane) request[lane] = {first + lane * step, bytes};
  return request;
}

}  // namespace

TEST_CASE("cuda counts: sectors of a request") {
  const auto sectors = [](const Request& request) {
    return emulator::sectors_of(request).sectors.size();
  };
  CHECK(sectors(every_lane(4096, 4, 4)) == 4);
  CHECK(sectors(every_lane(4096, 16, 16)) == 16);
  CHECK(sectors(every_lane(4096 + 4, 4, 4)) == 5);
  CHECK(sectors(every_lane(4096, 32, 4)) == 32);
  CHECK(sectors(every_lane(4096, 0, 4)) == 1);
  CHECK(emulator::sectors_of(every_lane(4096, 0, 4)).bytes == 4);
  CHECK(emulator::sectors_of(every_lane(4096 + 24, 16, 16)).bytes == 512);
  CHECK(emulator::sectors_of(Request{}).sectors.empty());
}

TEST_CASE("cuda counts: wavefronts of a request") {
  const auto conflicts = [](const Request& request) {
    const emulator::BankUse use = emulator::banks_of(request);
    return use.wavefronts - use.least;
  };
  CHECK(conflicts(every_lane(0, 4, 4)) == 0);
  CHECK(conflicts(every_lane(0, 0, 4)) == 0);
  CHECK(conflicts(every_lane(0, 2, 2)) == 0);
  CHECK(conflicts(every_lane(0, 8, 4)) == 1);
  CHECK(conflicts(every_lane(0, 128, 4)) == 31);
  CHECK(conflicts(every_lane(0, 16, 16)) == 0);
  CHECK(emulator::banks_of(every_lane(0, 16, 16)).wavefronts == 4);
  CHECK(emulator::banks_of(every_lane(0, 8, 8)).wavefronts == 2);
  CHECK(conflicts(every_lane(0, 64, 16)) == 4 * 3);  // 8 rows of 64 bytes without swizzle
}

namespace {

// The counts of all launches of an op, together.
emulator::Counts count(unsigned most_blocks, const std::function<void(Backend&, Arena&)>& op) {
  Backend* device = gpu();
  REQUIRE(device);
  DeviceArena arena(*device);
  emulator::counted_launches().clear();
  emulator::sample_blocks(most_blocks);
  op(*device, arena);
  emulator::sample_blocks(0);
  emulator::Counts sum;
  for (emulator::CountedLaunch& launch : emulator::counted_launches()) {
    std::map<std::string, double> all;
    launch.counts.each([&](const char* name, double& number) { all[name] = number; });
    sum.each([&](const char* name, double& number) { number += all[name]; });
  }
  return sum;
}

struct Conv {
  Conv(Backend& b, int size, int in, int n)
      : weight({n, in, 3, 3}),
        x(b, {2, size, size, in}, DType::f16),
        out(b, {2, size, size, n}, DType::f16),
        packed(b.pack_conv3x3("layer", weight.tensor, {}, Precision::f16, false)) {}
  Host weight;
  Twin x, out;
  ConvWeight packed;
};

}  // namespace

TEST_CASE("cuda counts: a convolution's tiles") {
  Backend* device = gpu();
  REQUIRE(device);
  Conv conv(*device, 16, 64, 64);
  emulator::Counts counts = count(0, [&](Backend& b, Arena& arena) {
    b.conv3x3(arena, conv.out.device(), conv.x.device(), conv.packed, {}, {});
  });
  // 512 pixels by 64 columns by 576, and tiles cover them without rest.
  CHECK(counts.products == 512.0 * 64 * 576);
  CHECK(counts.conflicts == 0);
  CHECK(counts.copied.sectors * 32 == counts.copied.bytes);
  CHECK(counts.written.bytes >= 512.0 * 64 * 2);
}

TEST_CASE("cuda counts: a sample of blocks counts as all do") {
  Backend* device = gpu();
  REQUIRE(device);
  const auto compare = [&](const char* name, const std::function<void(Backend&, Arena&)>& op) {
    CAPTURE(name);
    emulator::Counts all = count(0, op), sample = count(12, op);
    std::map<std::string, double> expected;
    all.each([&](const char* what, double& number) { expected[what] = number; });
    sample.each([&](const char* what, double& number) {
      CAPTURE(std::string(what));
      CHECK(number == doctest::Approx(expected[what]).epsilon(0.04));
    });
  };
  Conv conv(*device, 64, 32, 320);
  compare("convolution", [&](Backend& b, Arena& arena) {
    b.conv3x3(arena, conv.out.device(), conv.x.device(), conv.packed, {}, {});
  });
  Twin x(*device, {2, 40, 40, 320}, DType::f16), y(*device, {2, 40, 40, 320}, DType::f16);
  Twin words(*device, {2, 77, 1, 320}, DType::f16);
  compare("attention", [&](Backend& b, Arena& arena) {
    b.attention(arena, y.device(), x.device(), words.device(), words.device(),
                {8, 8, 1 / std::sqrt(40.0f)});
  });
  compare("group_norm", [&](Backend& b, Arena& arena) {
    b.group_norm(arena, y.device(), Tensor(x.device()), {.name = "norm", .weight = {}, .bias = {}},
                 32, Fn::silu);
  });
}
