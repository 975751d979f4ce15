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
#include <functional>

#include "engine/core/trace.h"
#include "engine/models/clip.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "tests/support/cuda/cuda_device.h"
#include "tests/support/cuda_emulator/counted/counter_results.h"
#include "tests/support/cuda_emulator/launch.h"
#include "tests/support/cuda_emulator/symbol_name.h"
#include "tests/support/empty_checkpoint.h"
#include "tests/support/fake_cuda/runtime.h"
#include "tests/support/full_size.h"

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

// A stage's launches, its ops and the memory of its activations.
Json count_stage(const std::string& key,
                 const std::function<void(Backend&, Workspace&)>& prepare_and_run) {
  TraceBackend backend(*gpu(false));
  Workspace ws(backend);
  prepare_and_run(backend, ws);
  Json stage = Json::object({{"plan_bytes", ws.plan(key).bytes},
                             {"most_device_bytes", cuda::fake::counts().most_device_bytes}});
  for (emulator::CountedLaunch& launch : emulator::counted_launches()) {
    stage["launches"].push_back(json_of(launch));
  }
  for (const TracedOp& op : backend.ops()) {
    stage["ops"].push_back(
        Json::object({{"op", op.op + " " + op.name}, {"products", op.macs}, {"bytes", op.bytes}}));
  }
  return stage;
}

// One run of a stage; what loading and dry runs launched does not count.
void run_stage(Workspace& ws, const std::function<void()>& forward) {
  emulator::counted_launches().clear();
  ws.run("stage", forward);
}

Json count_text(const Policy& policy) {
  return count_stage("text 2 12 0", [&](Backend& backend, Workspace& ws) {
    const ClipText clip(WeightBinder(empty_checkpoint("text_encoder"), backend, policy),
                        ClipConfig::from_json(full_size_clip(), "text"));
    Ctx c{backend, ws, Precision::f32};
    emulator::counted_launches().clear();
    clip(c, std::vector<int32_t>(2 * 77));
  });
}

Json count_step(const Policy& policy) {
  return count_stage("stage", [&](Backend& backend, Workspace& ws) {
    const UNet unet(WeightBinder(empty_checkpoint("unet"), backend, policy),
                    UNetConfig::from_json(full_size_unet(), "unet"));
    Ctx c{backend, ws, Precision::f16};
    const PersistentTensor text = backend.allocate({2, 77, 1, 768}, DType::f32);
    const PersistentTensor latent = backend.allocate({2, 64, 64, 4}, DType::f32);
    const Conditioning cond = unet.condition(c, text, std::vector<double>{681});
    run_stage(ws, [&] { const Activation out = unet(c, latent, cond, 0); });
  });
}

Json count_decoder(const Policy& policy) {
  return count_stage("stage", [&](Backend& backend, Workspace& ws) {
    const VaeDecoder decoder(WeightBinder(empty_checkpoint("vae"), backend, policy),
                             VaeConfig::from_json(full_size_vae(), "vae"));
    Ctx c{backend, ws, Precision::f16};
    const PersistentTensor in = backend.allocate({1, 64, 64, 4}, DType::f32);
    run_stage(ws, [&] { const Activation out = decoder(c, in); });
  });
}

Json count(const std::string& only) {
  const Policy halves(Precision::f16);
  const std::pair<std::string, Json (*)(const Policy&)> stages[] = {
      {"text encoder", count_text}, {"guided step", count_step}, {"decoder", count_decoder}};
  Json counts = Json::object();
  for (const auto& [name, count_stage_in] : stages) {
    if (only.empty() || only == name) counts[name] = count_stage_in(halves);
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
