#include "engine/pipeline/device_check.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <deque>
#include <map>
#include <vector>

#include "engine/models/unet.h"
#include "kernels/devices.h"
#include "kernels/error.h"

namespace yent {
namespace {

// The relative error of a step that rounding explains: of another order of sums and of fast
// exponentials in f32; of rounded inputs of every layer in the others. A wrong kernel is off by
// far more, or gives no number.
double limit_of(Precision precision) {
  switch (precision) {
    case Precision::f32:
      return 1e-4;
    case Precision::f16:
      return 1e-2;
    case Precision::bf16:
      return 4e-2;
    case Precision::int8:
      break;
  }
  return 0.15;
}

// The same numbers everywhere, between -1 and 1.
class Numbers {
 public:
  explicit Numbers(const std::string& name) {
    for (const char c : name) state_ = (state_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  float next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<float>(static_cast<int32_t>(state_ >> 32)) * 0x1p-31f;
  }
  std::vector<float> take(size_t count, float size) {
    std::vector<float> values(count);
    for (float& v : values) v = size * next();
    return values;
  }

 private:
  uint64_t state_ = 0xcbf29ce484222325u;
};

// Weights that keep the magnitude of what passes through.
struct RandomWeights {
  std::deque<std::vector<float>> memory;
  std::map<std::string, HostTensor> tensors;
  Checkpoint checkpoint;

  RandomWeights() {
    checkpoint.path = "random weights";
    checkpoint.part = "unet";
    checkpoint.find = [this](const std::string& name, std::span<const int64_t> dims) {
      HostTensor t{name, DType::f32, {dims.begin(), dims.end()}, nullptr, 0};
      const auto count = static_cast<size_t>(t.count());
      const float inputs = static_cast<float>(t.count()) / static_cast<float>(dims[0]);
      const bool is_norm = dims.size() == 1 && name.ends_with(".weight");
      auto& values = memory.emplace_back(
          Numbers(name).take(count, dims.size() == 1 ? 0.1f : std::sqrt(3 / inputs)));
      if (is_norm) {
        for (float& v : values) v += 1;
      }
      t.data = reinterpret_cast<const std::byte*>(values.data());
      t.bytes = values.size() * sizeof(float);
      return &tensors.insert_or_assign(name, t).first->second;
    };
  }
};

UNetConfig small_unet() {
  UNetConfig config;
  config.block_out_channels = {80, 160};
  config.down_attention = {true, true};
  config.up_attention = {true, true};
  config.mid_block = false;
  config.layers_per_block = 1;
  config.cross_attention_dim = 72;
  config.heads = {2, 2};
  config.norm_num_groups = 16;
  config.sample_size = 10;
  return config;
}

std::vector<float> step(Backend& backend, Precision precision) {
  RandomWeights weights;
  const Policy policy(precision);
  const UNet unet(WeightBinder(weights.checkpoint, backend, policy), small_unet());
  Workspace ws(backend);
  Ctx c{backend, ws, precision};
  const auto random = [&](const char* name, Shape shape) {
    PersistentTensor stored = backend.allocate(shape, DType::f32);
    backend.write(stored, Numbers(name).take(shape.count(), 1.7f).data());
    return stored;
  };
  const PersistentTensor text = random("text", {2, 77, 1, 72});
  const PersistentTensor latent = random("latent", {2, 10, 8, 4});
  const PersistentTensor result = backend.allocate({2, 10, 8, 4}, DType::f32);
  const PersistentTensor one = backend.allocate({1, 1, 1, 1}, DType::f32);
  const float factor = 1;
  backend.write(one, &factor);
  const Conditioning cond = unet.condition(c, text, std::vector<double>{681});
  ws.run("step", [&] {
    const Activation out = unet(c, latent, cond, 0);
    const std::array<Tensor, 1> terms{out};
    backend.linear_combination(ws, result, terms, one);
  });
  std::vector<float> values(result.tensor.shape.count());
  backend.read(values.data(), result);
  return values;
}

double relative_difference(const std::vector<float>& got, const std::vector<float>& expected) {
  double difference = 0, norm = 0;
  for (size_t i = 0; i < got.size(); ++i) {
    const double gap = static_cast<double>(got[i]) - expected[i];
    difference += gap * gap;
    norm += static_cast<double>(expected[i]) * expected[i];
  }
  return std::sqrt(difference / norm);
}

}  // namespace

std::string device_difference(Backend& device) {
  const auto cpu = std::move(make_backends("cpu", "", 0, 1).front());
  const std::vector<float> expected = step(*cpu, Precision::f32);
  for (const Precision precision :
       {Precision::f32, Precision::f16, Precision::bf16, Precision::int8}) {
    const double difference = relative_difference(step(device, precision), expected);
    if (difference <= limit_of(precision)) continue;  // a NaN is not
    return fmt::format("{} differs by {:.2g} %", precision_name(precision), 100 * difference);
  }
  return "";
}

std::vector<std::unique_ptr<Backend>> make_agreeing_backends(
    const DeviceWish& wish, const std::function<std::string(Backend&, int number)>& difference,
    const std::function<void(const std::string&)>& warn) {
  auto backends = make_backends(wish.device, wish.isa, wish.threads, wish.max_backends);
  int number = 0;
  for (const auto& backend : backends) {
    if (backend->device() != "cuda") continue;
    const std::string found = difference(*backend, number++);
    if (found.empty()) continue;
    const std::string sentence =
        fmt::format("the GPU ({}) does not compute what the CPU computes: in a first step {}",
                    backend->isa(), found);
    if (!wish.device.empty()) throw run_error("the device {}: {}", wish.device, sentence);
    warn(sentence + "; the CPU is taken instead");
    return make_backends("cpu", wish.isa, wish.threads, 1);
  }
  return backends;
}

}  // namespace yent
