// The networks at full size with every access checked, in a sample of the blocks of each launch:
// all of them would take a day.
#include <doctest/doctest.h>

#include <string>

#include "kernels/error.h"
#include "tests/support/cuda/cuda_device.h"
#include "tests/support/cuda_emulator/launch.h"
#include "tests/support/full_size_run.h"

using namespace yent;
namespace emulator = yent::cuda::emulator;

namespace {

void check_samples(Backend* device, const FullSizeRun& stage, Precision precision) {
  REQUIRE(device);
  const std::string name = std::string(stage.name) + " in " + precision_name(precision);
  CAPTURE(name);
  Workspace ws(*device);
  const int64_t blocks = emulator::totals().blocks, launches = emulator::totals().launches;
  emulator::sample_blocks(6);
  std::string fault;
  try {
    stage.run(*device, ws, precision, [] {});
  } catch (const Error& error) {
    fault = error.what();
  }
  emulator::sample_blocks(0);
  CHECK(fault == "");
  CHECK(emulator::totals().launches - launches > 100);
  MESSAGE(name, ": ", emulator::totals().blocks - blocks, " blocks of ",
          emulator::totals().launches - launches, " launches");
}

}  // namespace

// One precision a process: the checker keeps 16 bytes for each byte of the device that was touched.

TEST_CASE("cuda samples: BK-SDM-Tiny in halves") {
  for (const FullSizeRun& stage : kFullSizeRuns) check_samples(gpu(false), stage, Precision::f16);
}

TEST_CASE("cuda samples: BK-SDM-Tiny in bf16") {
  for (const FullSizeRun& stage : kFullSizeRuns) check_samples(gpu(false), stage, Precision::bf16);
}

TEST_CASE("cuda samples: BK-SDM-Tiny in int8") {
  for (const FullSizeRun& stage : kFullSizeRuns) check_samples(gpu(false), stage, Precision::int8);
}

TEST_CASE("cuda samples: BK-SDM-Tiny on Hopper") {
  for (const FullSizeRun& stage : kFullSizeRuns) check_samples(hopper_gpu(), stage, Precision::f16);
}
