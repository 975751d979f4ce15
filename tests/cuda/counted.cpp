// Counts what the CUDA kernels do in the networks of BK-SDM-Tiny at full size.
//
//   yent_cuda_counted_tests --counts FILE    writes all launches as JSON, for tools/cuda-report
//
// Else it runs its tests.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

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
#include "tests/support/fake_cuda/runtime.h"
#include "tests/support/full_size.h"

using namespace yent;
namespace emulator = yent::cuda::emulator;

namespace {

// Zeros for every tensor: what is counted does not depend on values.
Checkpoint empty_checkpoint(const std::string& part) {
  static const std::vector<std::byte> zeros(size_t{80} << 20);
  static std::map<std::string, HostTensor> asked;
  Checkpoint checkpoint{.path = "empty", .part = part, .find = {}};
  checkpoint.find = [](const std::string& name, std::span<const int64_t> dims) {
    HostTensor t{name, DType::f16, {dims.begin(), dims.end()}, zeros.data(), 0};
    t.bytes = static_cast<size_t>(t.count()) * 2;
    return &asked.insert_or_assign(name, t).first->second;
  };
  return checkpoint;
}

// Launches carry the name of the op that made them, as TracedOp has it.
class NamingBackend : public TraceBackend {
 public:
  using TraceBackend::TraceBackend;

  void linear(Arena& a, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e) override {
    const Name name("linear", w.name);
    TraceBackend::linear(a, out, x, w, e);
  }
  void conv3x3(Arena& a, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
               const Epilogue& e) override {
    const Name name("conv3x3", w.name);
    TraceBackend::conv3x3(a, out, x, w, g, e);
  }
  // NOLINTNEXTLINE(readability-function-size): the arguments of a norm and of a convolution
  void norm_conv3x3(Arena& a, Tensor out, ConcatView x, const Prologue& p, const ConvWeight& w,
                    const ConvGeom& g, const Epilogue& e) override {
    const Name name("norm_conv3x3", w.name);
    TraceBackend::norm_conv3x3(a, out, x, p, w, g, e);
  }
  void group_norm(Arena& a, Tensor out, ConcatView x, const NormWeight& w, int groups,
                  Fn fn) override {
    const Name name("group_norm", w.name);
    TraceBackend::group_norm(a, out, x, w, groups, fn);
  }
  void layer_norm(Arena& a, Tensor out, Tensor x, const NormWeight& w) override {
    const Name name("layer_norm", w.name);
    TraceBackend::layer_norm(a, out, x, w);
  }
  void attention(Arena& a, Tensor out, Tensor q, Tensor k, Tensor v, const AttnSpec& s) override {
    const Name name("attention", std::string(s.name));
    TraceBackend::attention(a, out, q, k, v, s);
  }

 private:
  struct Name {
    Name(const char* op, const std::string& name) { emulator::name_launches(op + (" " + name)); }
    ~Name() { emulator::name_launches("other"); }
    Name(const Name&) = delete;
  };
};

Json json_of(emulator::CountedLaunch& launch) {
  Json j = Json::object({{"kernel", emulator::symbol_name(launch.kernel)},
                         {"op", launch.op},
                         {"blocks", launch.blocks},
                         {"threads", launch.threads},
                         {"shared_bytes", launch.shared_bytes}});
  launch.counts.each([&](const char* name, double& number) { j[name] = number; });
  return j;
}

// A stage's launches, its ops and the memory of its activations.
Json count_stage(const std::string& key,
                 const std::function<void(Backend&, Workspace&)>& prepare_and_run) {
  NamingBackend backend(*gpu(false));
  Workspace ws(backend);
  emulator::name_launches("other");
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

Json count_all() {
  const Policy halves(Precision::f16);
  Json all = Json::object();
  all["text encoder"] = count_stage("text 2 12 0", [&](Backend& backend, Workspace& ws) {
    const ClipText clip(WeightBinder(empty_checkpoint("text_encoder"), backend, halves),
                        ClipConfig::from_json(full_size_clip(), "text"));
    Ctx c{backend, ws, Precision::f32};
    emulator::counted_launches().clear();
    clip(c, std::vector<int32_t>(2 * 77));
  });
  all["guided step"] = count_stage("stage", [&](Backend& backend, Workspace& ws) {
    const UNet unet(WeightBinder(empty_checkpoint("unet"), backend, halves),
                    UNetConfig::from_json(full_size_unet(), "unet"));
    Ctx c{backend, ws, Precision::f16};
    const PersistentTensor text = backend.allocate({2, 77, 1, 768}, DType::f32);
    const PersistentTensor latent = backend.allocate({2, 64, 64, 4}, DType::f32);
    const Conditioning cond = unet.condition(c, text, std::vector<double>{681});
    run_stage(ws, [&] { const Activation out = unet(c, latent, cond, 0); });
  });
  all["decoder"] = count_stage("stage", [&](Backend& backend, Workspace& ws) {
    const VaeDecoder decoder(WeightBinder(empty_checkpoint("vae"), backend, halves),
                             VaeConfig::from_json(full_size_vae(), "vae"));
    Ctx c{backend, ws, Precision::f16};
    const PersistentTensor in = backend.allocate({1, 64, 64, 4}, DType::f32);
    run_stage(ws, [&] { const Activation out = decoder(c, in); });
  });
  return all;
}

}  // namespace

int main(int argc, char** argv) {
  cuda::fake::begin(1, size_t{64} << 30);
  emulator::start();
  if (argc != 3 || std::strcmp(argv[1], "--counts") != 0) {
    return doctest::Context(argc, argv).run();
  }
  emulator::sample_blocks(12);
  std::ofstream out(argv[2]);
  out << count_all().dump() << '\n';
  return out ? 0 : 1;
}
