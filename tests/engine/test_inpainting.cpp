// Repainting a part of a picture, with UNets of 4 and of 9 input channels: the last latents of
// diffusers' StableDiffusionInpaintPipeline (tests/golden/inpainting.py).
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "engine/diffusion/samplers/sampler_table.h"
#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/error.h"
#include "tests/support/compare.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

using namespace yent;

namespace {

// The toy painter, on request with a UNet that sees a mask.
class Painter {
 public:
  explicit Painter(int channels) {
    std::filesystem::copy(golden_path("toy_painter"), folder_.path(),
                          std::filesystem::copy_options::recursive);
    if (channels == 4) return;
    Json config = read_json(folder_ / "unet/config.json");
    config["in_channels"] = channels;
    std::ofstream(folder_ / "unet/config.json") << config.dump();
    const TensorSet golden = read_safetensors(golden_path("inpainting.safetensors"));
    const auto weights = folder_ / "unet/diffusion_pytorch_model.safetensors";
    TensorSet unet =
        read_safetensors(golden_path("toy_painter/unet/diffusion_pytorch_model.safetensors"));
    for (HostTensor& t : unet.tensors) {
      if (t.name == "conv_in.weight") t = *golden.find("conv_in.weight");
    }
    write_safetensors(weights, unet.tensors);
  }

  void set_scheduler(const Json& config) const {
    std::ofstream(folder_ / "scheduler/scheduler_config.json") << config.dump();
  }
  std::filesystem::path path() const { return folder_.path(); }

 private:
  test::TemporaryFolder folder_;
};

PaintRequest request_of(const Json& config) {
  PaintRequest request;
  request.embeddings = read_embeddings(golden_path("inpainting.safetensors"));
  request.picture = read_image(golden_path("toy_input.png"));
  request.mask = read_image(golden_path("toy_mask.png"));
  request.seed = config["seed"].get<uint64_t>();
  request.spec.width = request.spec.height = config["size"].get<int>();
  request.spec.steps = config["steps"].get<int>();
  request.spec.guidance = config["guidance"].get<double>();
  return request;
}

Error::Kind kind_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& error) {
    return error.kind();
  }
  return Error::run;
}

}  // namespace

TEST_CASE("inpainting: the latents of diffusers' pipeline, for UNets of 4 and 9 channels") {
  const Golden golden("inpainting");
  const auto backend = make_cpu_backend({.threads = 1});
  for (const int channels : {4, 9}) {
    const Painter painter(channels);
    for (const Json& run : golden.config["runs"]) {
      if (run["channels"].get<int>() != channels) continue;
      const auto name = run["name"].get<std::string>();
      CAPTURE(name);
      painter.set_scheduler(golden.config["schedulers"][run["sampler"].get<std::string>()]);
      Pipeline pipeline({.model = painter.path(), .text_is_given = true}, {backend.get()});
      PaintRequest request = request_of(golden.config);
      request.spec.strength = run["strength"].get<double>();
      const Painted painted = pipeline.paint_one(request);
      const auto expected = golden.rows(name);
      const auto got = to_nhwc(painted.latent.values, painted.latent.shape());
      INFO(worst(got, expected));
      CHECK(relative_error(got, expected) < 2e-5);
    }
  }
}

TEST_CASE("inpainting: what is not white stays, whatever the seed and the sampler") {
  const Golden golden("inpainting");
  const auto backend = make_cpu_backend({.threads = 1});
  Pipeline pipeline({.model = golden_path("toy_painter"), .text_is_given = true}, {backend.get()});
  PaintRequest request = request_of(golden.config);
  request.mask = Image(3, 3);
  for (const int side : {0, 1, 2}) *request.mask->pixel(0, side) = 0;
  const auto whole = [&](const char* sampler) {
    request.spec.sampler = sampler;
    return pipeline.paint_one(request).latent.values;
  };
  const std::vector<float> kept = whole("ddim");
  for (const Sampler& row : sampler_table()) {
    const char* sampler = row.name;
    CAPTURE(sampler);
    CHECK(whole(sampler) == kept);
  }
  request.mask = Image(3, 3);
  std::fill(request.mask->rgb.begin(), request.mask->rgb.end(), uint8_t{255});
  CHECK(whole("ddim") != kept);
}

TEST_CASE("inpainting: a mask needs a picture, and a UNet of 9 channels both") {
  const Golden golden("inpainting");
  const auto backend = make_cpu_backend({.threads = 1});
  const Painter painter(9);
  for (const auto& model : {painter.path(), std::filesystem::path(golden_path("toy_painter"))}) {
    Pipeline pipeline({.model = model, .text_is_given = true}, {backend.get()});
    PaintRequest request = request_of(golden.config);
    pipeline.check(request);
    request.picture.reset();
    CHECK(kind_of([&] { pipeline.check(request); }) == Error::usage);
  }
  Pipeline pipeline({.model = painter.path(), .text_is_given = true}, {backend.get()});
  PaintRequest request = request_of(golden.config);
  request.mask.reset();
  CHECK(kind_of([&] { pipeline.check(request); }) == Error::usage);
  request.picture.reset();
  CHECK(kind_of([&] { pipeline.check(request); }) == Error::usage);
}

TEST_CASE("inpainting: a UNet of 9 channels in every precision and on every instruction set") {
  const Golden golden("inpainting");
  const Painter painter(9);
  std::vector<float> exact;
  for (const Precision precision :
       {Precision::f32, Precision::bf16, Precision::f16, Precision::int8}) {
    CAPTURE(precision_name(precision));
    const auto backend = make_cpu_backend({.threads = 1});
    Pipeline pipeline({.model = painter.path(), .policy = Policy(precision), .text_is_given = true},
                      {backend.get()});
    const Painted painted = pipeline.paint_one(request_of(golden.config));
    if (exact.empty()) exact = painted.latent.values;
    CHECK(relative_error(painted.latent.values, exact) < 0.1);
  }
}
