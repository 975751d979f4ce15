// The CUDA backend over a runtime that computes nothing: memory, copies, recordings and launches
// of whole runs. Needs no GPU. Any call that CUDA forbids is a run error.
#include <doctest/doctest.h>

#include <array>

#include "engine/diffusion/text2image.h"
#include "engine/models/llama.h"
#include "kernels/cuda/cuda_backend.h"
#include "kernels/cuda/runtime/blas.h"
#include "kernels/error.h"
#include "tests/support/empty_checkpoint.h"
#include "tests/support/fake_cuda/runtime.h"
#include "tests/support/full_size.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"
#include "tools/run.h"

using namespace yent;
namespace fake = cuda::fake;

namespace {

constexpr size_t kMuch = size_t{64} << 30;

// Devices for one test, which must give back everything.
struct Devices {
  explicit Devices(int count = 1, size_t bytes_each = kMuch) { fake::begin(count, bytes_each); }
  ~Devices() {
    const fake::Counts left = fake::counts();
    CHECK(left.device_bytes == 0);
    CHECK(left.pinned_bytes == 0);
    CHECK(left.live == 0);
    CHECK(left.pageable_copies == 0);
  }
};

std::unique_ptr<Backend> gpu(int device = 0) {
  std::string reason;
  auto backend = make_cuda_backend({.device = device, .blas = false}, reason);
  if (!backend) throw run_error("{}", reason);
  return backend;
}

Text2Image toy_painter(Backend& backend, const Policy& policy) {
  return Text2Image(DiffusionCheckpoint::open(golden_path("toy_painter"), false), backend,
                    {.networks = {.policy = policy}});
}

void decode(Backend& backend, Workspace& ws, Precision precision, int latent) {
  const Policy policy(precision);
  const VaeDecoder decoder(WeightBinder(empty_checkpoint("vae"), backend, policy),
                           VaeConfig::from_json(full_size_vae(), "vae"));
  const PersistentTensor in = backend.allocate({1, latent, latent, 4}, DType::f32);
  Ctx c{backend, ws, precision};
  ws.run(fmt::format("decode {}", latent), [&] { const Activation out = decoder(c, in); });
}

}  // namespace

TEST_CASE("cuda host: a painter's steps are recorded once and played") {
  for (const Precision precision :
       {Precision::f32, Precision::f16, Precision::bf16, Precision::int8}) {
    CAPTURE(precision_name(precision));
    const Devices devices;
    const auto backend = gpu();
    Text2Image painter = toy_painter(*backend, Policy(precision));
    const PaintSpec spec{.steps = 6, .sampler = "euler-a"};
    const PersistentTensor text = painter.encode({"a cat"}, {}, spec);
    painter.denoise(text, spec, painter.size(spec), 5, {});
    const fake::Counts first = fake::counts();
    CHECK(first.recordings == 1);
    CHECK(first.replays == 5);  // the first step is launched kernel by kernel
    const Latent latent = painter.denoise(text, spec, painter.size(spec), 6, {}).latent;
    painter.decode(latent);
    painter.decode(latent);
    CHECK(fake::counts().replays == first.replays + 7);  // the conditioning is replayed, too
  }
}

TEST_CASE("cuda host: the attention of words is collected in the same recording") {
  const Devices devices;
  const auto backend = gpu();
  Text2Image painter = toy_painter(*backend, Policy(Precision::f16));
  const PaintSpec spec{.steps = 6, .sampler = "euler-a"};
  const PersistentTensor text = painter.encode({"a cat"}, {}, spec);
  const std::vector<WordTokens> words{{"cat", {2}}};
  painter.attend({.words = words});
  CHECK(painter.denoise(text, spec, painter.size(spec), 5, {}).attention.size() == 1);
  CHECK(fake::counts().recordings == 1);
  CHECK(fake::counts().replays == 5);
  painter.attend({});
  CHECK(painter.denoise(text, spec, painter.size(spec), 5, {}).attention.empty());
}

TEST_CASE("cuda host: a token is one replay, and waits for its logits alone") {
  const Devices devices;
  const auto backend = gpu();
  LlamaConfig config;
  config.layers = 2, config.width = 64, config.ffn = 128, config.context = 32;
  config.heads = 4, config.kv_heads = 2, config.head_width = config.rotated = 16;
  config.vocabulary = 96, config.embedding_rows = config.output_rows = 100;
  const Policy policy(Precision::f16);
  const Llama llama(WeightBinder(empty_checkpoint("llm"), *backend, policy), config);
  Llama::State state = llama.start(32);
  Workspace ws(*backend);
  Ctx c{*backend, ws, Precision::f16};
  const std::array<int32_t, 1> token{7};
  fake::Counts before{};
  for (int i = 0; i < 8; ++i) {
    CHECK(llama(c, state, token).size() == 96);
    const fake::Counts after = fake::counts();
    if (i >= 2) {  // launched kernel by kernel, then recorded, then replayed
      CHECK(after.replays == before.replays + 1);
      CHECK(after.launches == before.launches);
      CHECK(after.recordings == before.recordings);
      CHECK(after.device_bytes == before.device_bytes);
      // One wait is for the logits. The two others find that a pinned buffer is already free.
      CHECK(after.waits == before.waits + 3);
    }
    before = after;
  }
}

TEST_CASE("cuda host: one thread may serve two devices, and two threads one each") {
  const Devices devices(2);
  std::vector<std::unique_ptr<Backend>> both;
  both.push_back(gpu(0));
  both.push_back(gpu(1));
  const Policy policy(Precision::f16);
  {
    Workspace ws(*both[0]);
    const PersistentTensor numbers = both[0]->allocate({1, 1, 1, 1}, DType::f32);
    const PersistentTensor others = both[1]->allocate({1, 1, 1, 1}, DType::f32);
    CHECK_NOTHROW(both[0]->linear_combination(ws, numbers, std::array{numbers.tensor}, numbers));
  }
  {
    Text2Image first = toy_painter(*both[0], policy), second = toy_painter(*both[1], policy);
    const PaintSpec spec{.steps = 3};
    for (int turn = 0; turn < 2; ++turn) {
      for (Text2Image* painter : {&first, &second}) {
        const PersistentTensor text = painter->encode({.text = "a cat"}, {}, spec);
        painter->decode(painter->denoise(text, spec, painter->size(spec), 5, {}).latent);
      }
    }
  }
  const test::TemporaryFolder folder;
  Options o;
  o.model = golden_path("toy_painter");
  o.prompt = "a cat";
  o.steps = 3;
  o.batch = 6;
  o.filter = "none";
  o.output = (folder / "a.png").string();
  Console console({.quiet = true});
  Run run{.options = o, .console = console, .backends = both, .policy = policy, .seed = 5};
  paint(run);
  CHECK(std::filesystem::exists(folder / "a_6.png"));
}

TEST_CASE("cuda host: wherever memory runs out, it is a sentence, and nothing is lost") {
  const Policy policy(Precision::f16);
  const PaintSpec spec{.steps = 3};
  int failures = 0;
  for (int calls = 0;; ++calls) {
    CAPTURE(calls);
    const Devices devices;
    fake::fail_after(calls);
    std::unique_ptr<Backend> backend;
    const auto paint = [&] {
      if (!backend) backend = gpu();
      Text2Image painter = toy_painter(*backend, policy);
      const PersistentTensor text = painter.encode({"a cat"}, {}, spec);
      painter.decode(painter.denoise(text, spec, painter.size(spec), 5, {}).latent);
    };
    try {
      paint();
      break;
    } catch (const Error& error) {
      ++failures;
      CHECK(error.kind() == Error::run);
      CHECK(std::string(error.what()).find("memory") != std::string::npos);
    }
    CHECK_NOTHROW(paint());  // with the same backend, now that there is memory
  }
  CHECK(failures > 200);
}

TEST_CASE("cuda host: large pictures stay within the limits of launches") {
  for (const Precision precision :
       {Precision::f32, Precision::f16, Precision::bf16, Precision::int8}) {
    for (const int latent : {64, 128}) {
      CAPTURE(latent);
      const Devices devices;
      const auto backend = gpu();
      Workspace ws(*backend);
      CHECK_NOTHROW(decode(*backend, ws, precision, latent));
    }
  }
}

TEST_CASE("cuda host: BK-SDM-Tiny paints 512x512 in halves within 1.5 GB of the device") {
  const Devices devices;
  const auto backend = gpu();
  const Policy policy(Precision::f16);
  Workspace ws(*backend);
  Ctx c{*backend, ws, Precision::f16};
  const auto most = [](const std::string& stage) {
    const size_t bytes = fake::counts().most_device_bytes;
    MESSAGE(stage << ": at most " << bytes / 1000000 << " MB so far");
    return bytes;
  };
  PersistentTensor text;
  {
    const ClipText clip(WeightBinder(empty_checkpoint("text_encoder"), *backend, policy),
                        ClipConfig::from_json(full_size_clip(), "text"));
    Ctx exact{*backend, ws, Precision::f32};
    text = clip(exact, std::vector<int32_t>(2 * 77));
    most("text encoder");
  }
  {
    const UNet unet(WeightBinder(empty_checkpoint("unet"), *backend, policy),
                    UNetConfig::from_json(full_size_unet(), "unet"));
    std::array<PersistentTensor, kRegisters> slots;
    for (PersistentTensor& slot : slots) slot = backend->allocate({1, 64, 64, 4}, DType::f32);
    const std::vector<double> times(25, 1.0);
    const Conditioning cond = unet.condition(c, text, times);
    const PersistentTensor latent = backend->allocate({2, 64, 64, 4}, DType::f32);
    for (int k = 0; k < 3; ++k)
      ws.run("step", [&] { const Activation out = unet(c, latent, cond, k); });
    MESSAGE("a step's activations: " << ws.plan("step").bytes / 1000000 << " MB");
    most("step");
  }
  text = {};
  decode(*backend, ws, Precision::f16, 64);
  MESSAGE("the decoder's activations: " << ws.plan("decode 64").bytes / 1000000 << " MB");
  // cuBLAS would take its workspace from the plan, too; this plan has none.
  CHECK(most("decoder") + cuda::Blas::kWorkspace < 1500000000);
}
