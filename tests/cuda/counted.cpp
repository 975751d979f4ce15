// Counts what the CUDA kernels do in the networks of BK-SDM-Tiny at full size.
//
//   yent_cuda_counted_tests --counts FILE [BLOCKS [STAGE]]
//
// writes all launches as JSON, for tools/cuda-report. Of each, BLOCKS (12) blocks stand for all;
// STAGE is "text encoder", "guided step" or "decoder" (all).
//
// Else it runs its tests.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <fstream>

#include "engine/core/trace.h"
#include "tests/support/cuda/cuda_device.h"
#include "tests/support/cuda_emulator/counted/counter_results.h"
#include "tests/support/cuda_emulator/launch.h"
#include "tests/support/cuda_emulator/symbol_name.h"
#include "tests/support/fake_cuda/runtime.h"
#include "tests/support/full_size_run.h"

using namespace yent;
namespace emulator = yent::cuda::emulator;

namespace {

Json json_of(emulator::CountedLaunch& launch) {
  Json j = Json::object({{"kernel", emulator::symbol_name(launch.kernel)},
                         {"blocks", std::llround(launch.blocks)},
                         {"threads", launch.threads},
                         {"shared_bytes", launch.shared_bytes}});
  launch.counts.each([&](const char* name, double& number) { j[name] = std::llround(number); });
  return j;
}

// A stage's launches, its ops and the memory of its activations. What loading and dry runs launched
// does not count.
Json count_stage(const FullSizeRun& stage) {
  TraceBackend backend(*gpu(false));
  Workspace ws(backend);
  stage.run(backend, ws, Precision::f16, [] { emulator::counted_launches().clear(); });
  Json j = Json::object({{"plan_bytes", ws.plan(stage.key).bytes},
                         {"most_device_bytes", cuda::fake::counts().most_device_bytes}});
  for (emulator::CountedLaunch& launch : emulator::counted_launches()) {
    j["launches"].push_back(json_of(launch));
  }
  for (const TracedOp& op : backend.ops()) {
    j["ops"].push_back(
        Json::object({{"op", op.op + " " + op.name}, {"products", op.macs}, {"bytes", op.bytes}}));
  }
  return j;
}

Json count(const std::string& only) {
  Json counts = Json::object();
  for (const FullSizeRun& stage : kFullSizeRuns) {
    if (only.empty() || only == stage.name) counts[stage.name] = count_stage(stage);
  }
  return counts;
}

}  // namespace

int main(int argc, char** argv) {
  cuda::fake::begin(1, size_t{64} << 30);
  cuda::fake::device_room();  // accesses to memory of the device are known by its range
  emulator::start();
  if (argc < 3 || std::strcmp(argv[1], "--counts") != 0) {
    return doctest::Context(argc, argv).run();
  }
  emulator::sample_blocks(argc > 3 ? static_cast<unsigned>(std::stoul(argv[3])) : 12);
  std::ofstream out(argv[2]);
  out << count(argc > 4 ? argv[4] : "").dump() << '\n';
  return out ? 0 : 1;
}
