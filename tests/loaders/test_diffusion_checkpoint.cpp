#include <doctest/doctest.h>
#include <fmt/core.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "loaders/checkpoint/diffusion_checkpoint.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/safetensors.h"
#include "tests/support/hostile.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tree.h"

using namespace yent;
using test::refusal;
namespace fs = std::filesystem;

namespace {

struct Folder {
  test::TemporaryFolder temporary;
  fs::path root = temporary.path();

  void text(const fs::path& file, const std::string& content) const {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << content;
  }

  // A file of f32 tensors of two elements, and of i64 ones where a name ends in _ids. Every
  // element is `value`.
  void tensors(const fs::path& file, const std::vector<std::string>& names, float value = 0) const {
    fs::create_directories((root / file).parent_path());
    const float floats[] = {value, value};
    const int64_t ids[] = {0, 1};
    std::vector<HostTensor> list;
    for (const std::string& name : names) {
      const bool integer = name.ends_with("_ids");
      HostTensor tensor;
      tensor.name = name;
      tensor.dtype = integer ? DType::i64 : DType::f32;
      tensor.dims = {2};
      tensor.bytes = integer ? sizeof ids : sizeof floats;
      tensor.data = reinterpret_cast<const std::byte*>(integer ? static_cast<const void*>(ids)
                                                               : static_cast<const void*>(floats));
      list.push_back(tensor);
    }
    write_safetensors(root / file, list);
  }

  DiffusionCheckpoint open(bool prefer_f16 = false) const {
    return DiffusionCheckpoint::open(root, prefer_f16);
  }
};

std::vector<std::string> names(const TensorSet& set) {
  std::vector<std::string> found;
  for (const HostTensor& tensor : set.tensors) found.push_back(tensor.name);
  return found;
}

float first_value(const TensorSet& set, const char* name) {
  const HostTensor* tensor = set.find(name);
  REQUIRE(tensor);
  std::vector<float> values(static_cast<size_t>(tensor->count()));
  to_f32(*tensor, values.data());
  return values[0];
}

const std::string plain_unet = "unet/diffusion_pytorch_model.safetensors";
const std::string half_unet = "unet/diffusion_pytorch_model.fp16.safetensors";

}  // namespace

TEST_CASE("painter_files: a diffusers folder") {
  const Folder folder;
  folder.text("model_index.json", R"({"_class_name": "StableDiffusionPipeline"})");
  folder.text("unet/config.json", R"({"layers_per_block": 1, "mid_block_type": null})");
  folder.text("vae/config.json", R"({"latent_channels": 4})");
  folder.text("text_encoder/config.json", R"({"hidden_size": 768})");
  folder.text("scheduler/scheduler_config.json", R"({"_class_name": "PNDMScheduler"})");
  folder.text("tokenizer/vocab.json", "{}");
  folder.tensors(plain_unet, {"conv_in.weight", "conv_in.bias"});
  folder.tensors("vae/diffusion_pytorch_model.safetensors",
                 {"decoder.mid_block.attentions.0.to_q.weight", "quant_conv.bias"});
  folder.tensors("text_encoder/model.safetensors",
                 {"text_model.embeddings.position_ids", "text_model.final_layer_norm.bias"});

  const DiffusionCheckpoint files = folder.open();
  CHECK(files.path() == folder.root.string());
  CHECK(files.unet_config().json["layers_per_block"] == 1);
  CHECK(files.unet_config().where == (folder.root / "unet/config.json").string());
  CHECK(files.vae_config().json["latent_channels"] == 4);
  CHECK(files.text_config().json["hidden_size"] == 768);
  CHECK(files.scheduler_config()->json["_class_name"] == "PNDMScheduler");
  CHECK(files.tokenizer_dir() == folder.root / "tokenizer");
  CHECK(files.has_text_encoder());
  CHECK(names(files.unet()) == std::vector<std::string>{"conv_in.bias", "conv_in.weight"});
  CHECK(names(files.vae()) ==
        std::vector<std::string>{"decoder.mid_block.attentions.0.to_q.weight", "quant_conv.bias"});
  CHECK(names(files.text_encoder()) ==
        std::vector<std::string>{"text_model.final_layer_norm.bias"});
}

TEST_CASE("painter_files: a folder that diffusers wrote") {
  const DiffusionCheckpoint files =
      DiffusionCheckpoint::open(in_tree("tests/golden/toy_painter"), true);
  CHECK(files.unet().tensors.size() == 160);
  CHECK(files.vae().tensors.size() == 120);
  CHECK(files.text_encoder().tensors.size() == 36);
  CHECK(files.unet_config().json["cross_attention_dim"] == 32);
  CHECK(files.scheduler_config().has_value());
}

TEST_CASE("painter_files: names of other ages become today's") {
  const Folder folder;
  folder.text("model_index.json", "{}");
  const std::string attention = "encoder.mid_block.attentions.0.";
  folder.tensors("vae/diffusion_pytorch_model.safetensors",
                 {attention + "query.weight", attention + "key.bias", attention + "value.weight",
                  attention + "proj_attn.weight", attention + "group_norm.weight"});
  folder.tensors("text_encoder/model.safetensors",
                 {"embeddings.position_ids", "embeddings.token_embedding.weight",
                  "encoder.layers.0.mlp.fc1.weight", "final_layer_norm.weight"});
  const DiffusionCheckpoint files = folder.open();
  CHECK(names(files.vae()) ==
        std::vector<std::string>{attention + "group_norm.weight", attention + "to_k.bias",
                                 attention + "to_out.0.weight", attention + "to_q.weight",
                                 attention + "to_v.weight"});
  const TensorSet text = files.text_encoder();
  CHECK(names(text) == std::vector<std::string>{"text_model.embeddings.token_embedding.weight",
                                                "text_model.encoder.layers.0.mlp.fc1.weight",
                                                "text_model.final_layer_norm.weight"});
  CHECK(text.find("text_model.final_layer_norm.weight"));
}

TEST_CASE("painter_files: the wanted precision is taken where there is a choice") {
  const Folder folder;
  fs::create_directories(folder.root / "unet");
  const auto chosen = [&](bool prefer_f16) {
    return first_value(folder.open(prefer_f16).unet(), "conv_in.bias");
  };
  // torch zips come last of all
  fs::copy_file(in_tree("tests/golden/painter_files.ckpt"),
                folder.root / "unet/diffusion_pytorch_model.bin");
  CHECK(folder.open().unet().find("betas"));

  folder.tensors(half_unet, {"conv_in.bias"}, 16);
  CHECK(chosen(false) == 16);
  CHECK(chosen(true) == 16);
  folder.tensors(plain_unet, {"conv_in.bias"}, 32);
  CHECK(chosen(false) == 32);
  CHECK(chosen(true) == 16);
  fs::remove(folder.root / half_unet);
  CHECK(chosen(true) == 32);
}

// The names that save_pretrained(variant=..., max_shard_size=..., safe_serialization=...) writes in
// diffusers 0.42.1 and transformers 5.24.
TEST_CASE("painter_files: a variant of the weights") {
  const std::pair<std::string, std::string> written[] = {
      {"unet/diffusion_pytorch_model.non_ema.safetensors", ""},
      {"unet/diffusion_pytorch_model.non_ema-00001-of-00001.safetensors",
       "unet/diffusion_pytorch_model.safetensors.index.non_ema.json"},
      {"text_encoder/model.non_ema.safetensors", ""},
      {"text_encoder/model.non_ema-00001-of-00001.safetensors",
       "text_encoder/model.safetensors.index.non_ema.json"}};
  for (const auto& pair : written) {
    const std::string &bare = pair.first, &index = pair.second;
    CAPTURE(bare);
    const Folder folder;
    const bool text = bare[0] == 't';
    const std::string plain = text ? "text_encoder/model.safetensors" : plain_unet;
    fs::create_directories(folder.root / "unet");
    folder.tensors(plain, {"final_layer_norm.bias"}, 1);
    folder.tensors("vae/diffusion_pytorch_model.safetensors", {"quant_conv.bias"}, 3);
    folder.tensors(bare, {"final_layer_norm.bias"}, 2);
    if (!index.empty()) {
      folder.text(index, fmt::format(R"({{"weight_map": {{"final_layer_norm.bias": "{}"}}}})",
                                     fs::path(bare).filename().string()));
    }
    const auto value = [&](const std::string& variant) {
      const auto files = DiffusionCheckpoint::open(folder.root, true, {.variant = variant});
      CHECK(first_value(files.vae(), "quant_conv.bias") == 3);  // has no such variant
      return text ? first_value(files.text_encoder(), "text_model.final_layer_norm.bias")
                  : first_value(files.unet(), "final_layer_norm.bias");
    };
    CHECK(value("") == 1);
    CHECK(value("non_ema") == 2);
    CHECK(refusal([&] { value("bf16"); }) ==
          folder.root.string() +
              ": no part has weights of the variant bf16, expected "
              "diffusion_pytorch_model.bf16.safetensors");
  }
  const std::string single = in_tree("tests/golden/painter_files.ckpt");
  CHECK_THROWS_WITH(
      DiffusionCheckpoint::open(single, false, {.variant = "fp16"}),
      (single + ": a single file has no variants, expected a diffusers folder").c_str());
}

TEST_CASE("painter_files: shards of torch files") {
  const Folder folder;
  fs::create_directories(folder.root / "unet");
  fs::copy_file(in_tree("tests/golden/torch_words_a1111.pt"), folder.root / "unet/1.bin");
  folder.text("unet/diffusion_pytorch_model.bin.index.non_ema.json",
              R"({"weight_map": {"string_to_param.*": "1.bin"}})");
  const auto files = DiffusionCheckpoint::open(folder.root, false, {.variant = "non_ema"});
  CHECK(first_value(files.unet(), "string_to_param.*") == 0);
  folder.text("unet/2.json", "{}");
  folder.text("unet/diffusion_pytorch_model.bin.index.non_ema.json",
              R"({"weight_map": {"x": "2.json"}})");
  CHECK(
      refusal([&] { files.unet(); }).ends_with("neither a safetensors file nor one of torch.save"));
}

TEST_CASE("painter_files: shards") {
  for (const char* index : {"unet/diffusion_pytorch_model.safetensors.index.json",
                            "unet/diffusion_pytorch_model.safetensors.index.fp16.json",
                            "unet/diffusion_pytorch_model.fp16.safetensors.index.json"}) {
    const Folder folder;
    folder.tensors("unet/one.safetensors", {"conv_in.weight"}, 1);
    folder.tensors("unet/two.safetensors", {"conv_in.bias"}, 2);
    folder.text(index, R"({"weight_map": {"conv_in.weight": "one.safetensors",
                                          "conv_in.bias": "two.safetensors"}})");
    const TensorSet unet = folder.open().unet();
    CHECK(first_value(unet, "conv_in.weight") == 1);
    CHECK(first_value(unet, "conv_in.bias") == 2);
  }
}

TEST_CASE("painter_files: a missing part is named when it is asked for") {
  const Folder folder;
  const std::string root = folder.root.string();
  CHECK(refusal([&] { folder.open(); }) ==
        root + ": neither a model_index.json nor a unet folder, expected a diffusers model");
  folder.text("unet/config.json", "[]");
  const DiffusionCheckpoint files = folder.open();
  CHECK(refusal([&] { files.unet_config(); }) == root + "/unet/config.json: not a JSON object");
  CHECK(refusal([&] { files.unet(); }) ==
        root +
            "/unet: no weights, expected diffusion_pytorch_model.safetensors or "
            "diffusion_pytorch_model.bin");
  CHECK(refusal([&] { files.vae(); }) == root + "/vae: no such folder");
  CHECK(refusal([&] { files.vae_config(); }).starts_with(root + "/vae/config.json: "));
  CHECK(refusal([&] { files.text_encoder(); }) == root + "/text_encoder: no such folder");
  CHECK(refusal([&] { files.tokenizer_dir(); }) == root + "/tokenizer: no such folder");
  CHECK_FALSE(files.has_text_encoder());
  CHECK_FALSE(files.scheduler_config().has_value());
  CHECK(refusal([&] {
          DiffusionCheckpoint::open(folder.root / "none", false);
        }).starts_with(root + "/none: "));
}

TEST_CASE("painter_files: a pipeline of another family is refused by its name") {
  const Folder folder;
  folder.text("model_index.json", R"({"_class_name": "StableDiffusionXLPipeline",
                                      "text_encoder_2": ["transformers", "CLIPTextModel"]})");
  CHECK(refusal([&] { folder.open(); }) ==
        (folder.root / "model_index.json").string() +
            ": a StableDiffusionXLPipeline, expected a StableDiffusionPipeline");
  folder.text("model_index.json", R"({"text_encoder_2": [null, null]})");
  CHECK(refusal([&] { folder.open(); }) == "");
}

TEST_CASE("painter_files: a single file, as trainers save it") {
  const std::string path = in_tree("tests/golden/painter_files.ckpt");
  const DiffusionCheckpoint files = DiffusionCheckpoint::open(path, false);
  const TensorSet unet = files.unet(), vae = files.vae(), text = files.text_encoder();
  CHECK(names(unet) == std::vector<std::string>{"conv_in.weight",
                                                "down_blocks.0.downsamplers.0.conv.weight",
                                                "down_blocks.0.resnets.0.conv1.weight"});
  CHECK(unet.find("conv_in.weight")->dtype == DType::f16);
  CHECK(first_value(unet, "conv_in.weight") == 0.25f);
  CHECK(names(vae) == std::vector<std::string>{"decoder.mid_block.attentions.0.to_q.bias",
                                               "decoder.mid_block.attentions.0.to_q.weight",
                                               "post_quant_conv.weight"});
  CHECK(vae.find("decoder.mid_block.attentions.0.to_q.weight")->dims == std::vector<int64_t>{4, 4});
  CHECK(vae.find("post_quant_conv.weight")->dims == std::vector<int64_t>{4, 4, 1, 1});
  CHECK(names(text) == std::vector<std::string>{"text_model.final_layer_norm.bias"});
  CHECK(first_value(text, "text_model.final_layer_norm.bias") == -1.5f);
  CHECK(files.has_text_encoder());
  CHECK_FALSE(files.tokenizer_dir().has_value());
  CHECK_FALSE(files.pad_token().has_value());
  CHECK(refusal([&] { files.scheduler_config(); }) == path + ": conv_out.weight is missing");
  CHECK(refusal([&] { files.unet_config(); }) == path + ": conv_out.weight is missing");
}

TEST_CASE("painter_files: single files without a part") {
  const Folder folder;
  folder.tensors("unet_only.safetensors", {"model.diffusion_model.out.2.bias"});
  const std::string path = (folder.root / "unet_only.safetensors").string();
  const DiffusionCheckpoint files = DiffusionCheckpoint::open(path, true);
  CHECK(names(files.unet()) == std::vector<std::string>{"conv_out.bias"});
  CHECK_FALSE(files.has_text_encoder());
  CHECK(refusal([&] { files.vae(); }) == path + ": holds no VAE (first_stage_model.)");
  CHECK(refusal([&] { files.text_encoder(); }) ==
        path +
            ": holds no text encoder of SD 1.x or 2.x (cond_stage_model.transformer. or "
            "cond_stage_model.model.)");

  folder.tensors("other.safetensors", {"conv_in.weight"});
  CHECK(refusal([&] { DiffusionCheckpoint::open(folder.root / "other.safetensors", true); })
            .ends_with("other.safetensors: no tensor begins with model.diffusion_model., expected "
                       "an SD 1.x or 2.x checkpoint"));
}
