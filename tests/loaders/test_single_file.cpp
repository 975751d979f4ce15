// Single files of SD 2.x, and what a file says about its schedule (sd2_single.py in tests/golden:
// open_clip's tower in torch, diffusers' converter).
#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "loaders/checkpoint/diffusion_checkpoint.h"
#include "loaders/checkpoint/open_clip.h"
#include "loaders/tensors/safetensors.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tree.h"

using namespace yent;
using test::refusal;
namespace fs = std::filesystem;

namespace {

const fs::path kFile = in_tree("tests/golden/sd2_single.safetensors");

// The golden file with empty tensors of these names, metadata, and another shape of conv_in.
struct Changed {
  test::TemporaryFolder folder;
  DiffusionCheckpoint files;

  explicit Changed(const std::vector<std::string>& markers,
                   const std::map<std::string, std::string>& metadata = {}, int64_t channels = 4,
                   bool second_layer = true)
      : files(open(markers, metadata, channels, second_layer)) {}

  DiffusionCheckpoint open(const std::vector<std::string>& markers,
                           const std::map<std::string, std::string>& metadata, int64_t channels,
                           bool second_layer) const {
    const TensorSet set = read_tensors(kFile);
    std::vector<HostTensor> tensors = set.tensors;
    const std::vector<std::byte> zeros(8 * 9 * 9 * 2);
    std::erase_if(tensors, [&](const HostTensor& t) {
      return !second_layer && t.name.find("input_blocks.2.0.") != t.name.npos;
    });
    for (HostTensor& t : tensors) {
      if (!t.name.ends_with("input_blocks.0.0.weight")) continue;
      t.dims[1] = channels;
      t.data = zeros.data();
      t.bytes = static_cast<size_t>(t.count()) * 2;
    }
    for (const std::string& name : markers) tensors.push_back({.name = name, .dims = {0}});
    const fs::path path = folder / "m.safetensors";
    write_safetensors(path, tensors, metadata);
    return DiffusionCheckpoint::open(path, false);
  }

  Json scheduler() const { return files.scheduler_config()->json; }
  std::string prediction() const {
    return get_string(scheduler(), "prediction_type", std::nullopt, "x");
  }
  int64_t sample_size() const {
    return get_int(files.unet_config().json, "sample_size", 0, 0, 1000, "x");
  }
};

}  // namespace

TEST_CASE("single_file: SD 2.x has open_clip's tower, cut and named as diffusers does") {
  const DiffusionCheckpoint files = DiffusionCheckpoint::open(kFile, false);
  const TensorSet all = read_tensors(kFile), text = files.text_encoder();
  size_t expected = 0;
  for (const HostTensor& tensor : all.tensors) {
    if (!tensor.name.starts_with("expected.")) continue;
    CAPTURE(tensor.name);
    ++expected;
    const HostTensor* found = text.find(tensor.name.substr(9));
    REQUIRE(found);
    CHECK(found->dims == tensor.dims);
    REQUIRE(found->bytes == tensor.bytes);
    CHECK(std::equal(found->data, found->data + found->bytes, tensor.data));
  }
  CHECK(expected == 36);
  CHECK(text.tensors.size() == expected);  // no last block, no projection
  const Json config = files.text_config().json;
  CHECK(config["hidden_act"] == "gelu");
  CHECK(config["num_hidden_layers"] == 2);
  CHECK(config["num_attention_heads"] == 1);
  CHECK(config["max_position_embeddings"] == 12);
  CHECK(files.pad_token() == "!");
  CHECK(files.has_text_encoder());
}

TEST_CASE("single_file: what SD 2.x predicts is decided as in diffusers") {
  const Changed plain({});
  CHECK(plain.prediction() == "v_prediction");
  CHECK(plain.sample_size() == 96);
  CHECK(plain.files.unet_config().json["upcast_attention"] == Json(true));
  CHECK(plain.files.scheduler_config()->assumed.find("v is assumed") != std::string::npos);
  CHECK(plain.scheduler()["rescale_betas_zero_snr"].is_null());
  // Inpainting models predict noise, and so do those that say it; compressed ones have one layer.
  CHECK(Changed({}, {}, 9).prediction() == "epsilon");
  const Changed base({}, {{"modelspec.prediction_type", "epsilon"}});
  CHECK(base.prediction() == "epsilon");
  CHECK(base.sample_size() == 64);
  CHECK(base.files.scheduler_config()->assumed.empty());
  const Changed compressed({}, {}, 4, false);
  CHECK(compressed.prediction() == "epsilon");
  CHECK(compressed.sample_size() == 64);
  SingleFile file;
  const Json config = plain.files.unet_config().json;
  CHECK(looks_like_768_v(file, config));
  file.global_step = "875000";
  CHECK_FALSE(looks_like_768_v(file, config));
}

TEST_CASE("single_file: the markers v_pred and ztsnr") {
  const Changed v({"v_pred"}, {}, 4, false);
  CHECK(v.prediction() == "v_prediction");
  CHECK(v.sample_size() == 64);
  CHECK(v.files.scheduler_config()->assumed.empty());
  CHECK(v.scheduler()["rescale_betas_zero_snr"].is_null());
  const Changed both({"v_pred", "ztsnr"}, {}, 4, false);
  CHECK(both.prediction() == "v_prediction");
  CHECK(both.scheduler()["rescale_betas_zero_snr"] == Json(true));
  CHECK(both.scheduler()["timestep_spacing"] == "trailing");
  CHECK(Changed({}, {{"modelspec.prediction_type", "v"}}, 4, false).prediction() == "v_prediction");
}

TEST_CASE("single_file: other families and torn projections are refused") {
  const auto refused = [](const std::string& name) { return refusal([&] { Changed({name}); }); };
  CHECK(refused("model.diffusion_model.label_emb.0.0.weight").find("belongs to SDXL") !=
        std::string::npos);
  CHECK(refused("conditioner.embedders.0.x").find("belongs to SDXL") != std::string::npos);

  TensorSet text = {.path = "f"};
  text.tensors.push_back({.name = "transformer.resblocks.0.attn.in_proj_weight", .dims = {4, 2}});
  text.tensors.push_back({.name = "transformer.resblocks.1.ln_1.weight", .dims = {2}});
  sort_by_name(text);
  CHECK(refusal([&] { convert_open_clip(text); }) ==
        "f: transformer.resblocks.0.attn.in_proj_weight is {4, 2}, expected three projections of "
        "one size");
}
