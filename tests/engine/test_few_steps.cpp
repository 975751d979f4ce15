// Models of few steps against diffusers: an adapter that makes a loaded painter one of four steps,
// and a picture that a tiny autoencoder has encoded.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "engine/models/vae.h"
#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

PaintRequest request_of(const Json& config) {
  PaintRequest request;
  request.embeddings = read_embeddings(golden_path("few_steps.safetensors"));
  request.seed = config["seed"].get<uint64_t>();
  request.spec.width = request.spec.height = config["size"].get<int>();
  request.spec.steps = config["steps"].get<int>();
  return request;
}

void check_latent(const Painted& painted, const Golden& golden, const std::string& name) {
  const auto expected = golden.rows(name);
  const auto got = to_nhwc(painted.latent.values, painted.latent.shape());
  INFO(worst(got, expected));
  CHECK(relative_error(got, expected) < 1e-4);
}

// A seeded tiny autoencoder as diffusers writes one.
void write_tiny(const std::filesystem::path& folder, const Golden& golden, Backend& backend) {
  const Json& json = golden.config["tiny"];
  SeededCheckpoint seeded("vae", golden.config["tiny_seed"].get<uint64_t>());
  const Policy policy;
  const WeightBinder binder(seeded.checkpoint, backend, policy);
  const VaeConfig config = VaeConfig::from_json(json, "golden");
  VaeDecoder(binder, config), VaeEncoder(binder, config);
  std::vector<HostTensor> tensors;
  for (const auto& [name, tensor] : seeded.asked) tensors.push_back(tensor);
  std::ofstream(folder / "config.json") << json.dump();
  write_safetensors(folder / "diffusion_pytorch_model.safetensors", tensors);
}

}  // namespace

TEST_CASE("few_steps: an adapter of LCM's kind makes a loaded painter one of four steps") {
  const Golden golden("few_steps");
  const auto backend = make_cpu_backend({.threads = 1});
  Pipeline pipeline({.model = golden_path("toy_painter"), .text_is_given = true}, {backend.get()});
  PaintRequest request = request_of(golden.config);
  const auto plain = pipeline.paint_one(request).latent.values;
  for (const std::string sampler : {"lcm", "tcd"}) {
    for (const double guidance : {1.0, 2.0}) {
      CAPTURE(sampler);
      CAPTURE(guidance);
      request.loras = {{golden_path("lcm_lora.safetensors"), 1}};
      request.spec.sampler = sampler;
      request.spec.guidance = guidance;
      check_latent(pipeline.paint_one(request), golden,
                   fmt::format("{} {:.1f}", sampler, guidance));
    }
  }
  CHECK((pipeline.paint_one(request_of(golden.config)).latent.values == plain));
}

TEST_CASE("few_steps: a picture encoded by a tiny autoencoder, and its pixels again") {
  const Golden golden("few_steps");
  const auto backend = make_cpu_backend({.threads = 1});
  const test::TemporaryFolder folder;
  write_tiny(folder.path(), golden, *backend);
  Pipeline pipeline({.model = golden_path("toy_painter"),
                     .text_is_given = true,
                     .choice = {.vae = folder.path().string()}},
                    {backend.get()});
  PaintRequest request = request_of(golden.config);
  request.picture = read_image(golden_path("toy_input.png"));
  request.spec.sampler = "euler-trailing";
  request.spec.steps = 5;
  request.spec.strength = 0.6;
  request.spec.guidance = 3;
  const Painted painted = pipeline.paint_one(request);
  check_latent(painted, golden, "picture");
  CHECK(painted.image.width == golden.config["size"].get<int>());
  CHECK(painted.image.height == painted.image.width);
}
