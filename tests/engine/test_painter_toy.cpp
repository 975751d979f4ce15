// A whole small painter, from words to pixels: a diffusers folder, a single file and seeded
// networks. Every stage is compared with diffusers.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

std::unique_ptr<Backend> one_thread() { return make_cpu_backend({.threads = 1}); }

// Our noise differs from torch's by 2e-6, so every later stage may differ by as much.
constexpr double kNoise = 2e-6;

void check_stage(const std::string& stage, const Golden& got, const std::string& expected_name,
                 const Golden& expected) {
  CAPTURE(stage);
  REQUIRE(got.has(stage));
  const auto a = got.rows(stage), b = expected.rows(expected_name);
  INFO(worst(a, b));
  const auto torch_f32_error = expected.config["torch_f32_error"][expected_name].get<double>();
  CHECK(relative_error(a, b) <= std::max(kNoise, network_limit(torch_f32_error)));
}

Golden read_back(const Dump& dump, const test::TemporaryFolder& folder) {
  dump.write(folder / "dump.safetensors");
  return Golden(read_safetensors(folder / "dump.safetensors"));
}

PaintSpec spec_of(const Json& config) {
  PaintSpec spec;
  spec.width = config["width"].get<int>();
  spec.height = config["height"].get<int>();
  spec.steps = config["steps"].get<int>();
  spec.guidance = config["guidance"].get<double>();
  spec.sampler = config["sampler"].get<std::string>();
  if (config.contains("strength")) spec.strength = config["strength"].get<double>();
  return spec;
}

// Paints as a golden dump describes and compares every stage that the dump holds.
void check_dump(const Golden& golden, const std::filesystem::path& model, const Image* picture,
                std::vector<Lora> loras = {}) {
  const auto backend = one_thread();
  const test::TemporaryFolder folder;
  Dump dump;
  Pipeline pipeline({.model = model, .loras = std::move(loras)}, {backend.get()});
  PaintRequest request;
  request.prompt = golden.config["prompt"].get<std::string>();
  request.negative = golden.config["negative"].get<std::string>();
  request.spec = spec_of(golden.config);
  request.seed = golden.config["seed"].get<uint64_t>();
  request.dump = &dump;
  if (picture) request.picture = *picture;
  pipeline.paint_one(request);

  const Golden got = read_back(dump, folder);
  for (const HostTensor& t : golden.tensors()) {
    if (t.name == "moments") continue;  // no stage of a run
    check_stage(t.name, got, t.name, golden);
  }
}

void write_json(const std::filesystem::path& path, const Json& json) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path) << json.dump();
}

// The tensors that a network asks for, as a list to write.
std::vector<HostTensor> tensors_of(const SeededCheckpoint& seeded) {
  std::vector<HostTensor> all;
  for (const auto& [name, tensor] : seeded.asked) all.push_back(tensor);
  return all;
}

// A folder with the seeded UNet of a golden file; the rest is the toy painter's.
void write_folder(const test::TemporaryFolder& folder, const Golden& golden, Backend& backend) {
  const std::string toy = golden_path("toy_painter");
  std::filesystem::copy(toy, folder.path(), std::filesystem::copy_options::recursive);
  SeededCheckpoint seeded("unet", golden.config["seed"].get<uint64_t>());
  const Policy policy;
  const UNet unet(WeightBinder(seeded.checkpoint, backend, policy),
                  UNetConfig::from_json(golden.config["model"], "golden"));
  write_json(folder / "unet/config.json", golden.config["model"]);
  write_safetensors(folder / "unet/diffusion_pytorch_model.safetensors", tensors_of(seeded));
}

}  // namespace

TEST_CASE("painter_toy: words become the pixels that diffusers makes of them") {
  check_dump(Golden("painter_txt2img"), golden_path("toy_painter"), nullptr);
}

TEST_CASE("painter_toy: so does a picture") {
  const Image picture = read_image(golden_path("toy_input.png"));
  check_dump(Golden("painter_img2img"), golden_path("toy_painter"), &picture);
}

TEST_CASE("painter_toy: adapters change what diffusers would change") {
  for (const std::string name : {"lora_style", "lora_kohya"}) {
    CAPTURE(name);
    const Golden golden("painter_" + name);
    check_dump(
        golden, golden_path("toy_painter"), nullptr,
        {Lora::open(golden_path(name + ".safetensors"), golden.config["scale"].get<float>())});
  }
}

TEST_CASE("painter_toy: every sampler walks diffusers' way, for noise and for v") {
  for (const std::string name : {"trajectory_tiny", "trajectory_v2"}) {
    const Golden golden(name);
    const auto backend = one_thread();
    const test::TemporaryFolder folder;
    write_folder(folder, golden, *backend);

    for (const Json::Member& scheduler : golden.config["schedulers"].items()) {
      const std::string& sampler = scheduler.key;
      CAPTURE(name);
      CAPTURE(sampler);
      write_json(folder / "scheduler/scheduler_config.json", scheduler.value);
      Dump dump;
      Pipeline pipeline({.model = folder.path(), .text_is_given = true}, {backend.get()});
      PaintRequest request;
      request.embeddings = read_embeddings(golden_path(name + ".safetensors"));
      request.seed = golden.config["noise_seed"].get<uint64_t>();
      request.dump = &dump;
      request.spec.width = request.spec.height = 8 * pipeline.factor();
      request.spec.steps = golden.config["steps"][sampler].get<int>();
      request.spec.guidance = golden.config["guidance"].get<double>();
      pipeline.paint_one(request);

      const Golden got = read_back(dump, folder);
      for (const HostTensor& t : golden.tensors()) {
        if (!t.name.starts_with(sampler + ".")) continue;
        check_stage(t.name.substr(sampler.size() + 1), got, t.name, golden);
      }
    }
  }
}
