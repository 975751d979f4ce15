#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

#include "kernels/error.h"
#include "loaders/checkpoint/ldm.h"
#include "loaders/io/json.h"
#include "tests/support/tree.h"

using namespace yent;

namespace {

using Names = std::map<std::string, std::string>;

// Layer names of LDM and of diffusers by model, proven with diffusers' own converters: see
// tools/golden/ldm_names.py. BK-SDM-Small is Base without its middle.
std::map<std::string, Names> golden() {
  const Json file = read_json(in_tree("tests/golden/ldm_names.json"));
  std::map<std::string, Names> models;
  for (const auto& [model, names] : file.items()) {
    for (const auto& [ldm, name] : names.items()) models[model][ldm] = name.get<std::string>();
  }
  Names small = models.at("unet_base");
  std::erase_if(small, [](const auto& pair) { return pair.second.starts_with("mid_block."); });
  models["unet_small"] = small;
  for (auto& [ldm, name] : models.at("clip")) name = "text_model." + name;
  return models;
}

LdmRename rename_of(const Names& names) {
  std::vector<std::string> keys;
  for (const auto& [ldm, diffusers] : names) keys.push_back(ldm + ".weight");
  return ldm_rename(keys);
}

TensorSet set_of(const std::vector<std::pair<std::string, std::vector<int64_t>>>& shapes) {
  TensorSet set;
  set.path = "file";
  for (const auto& [name, dims] : shapes) {
    HostTensor tensor;
    tensor.name = name;
    tensor.dims = dims;
    set.tensors.push_back(tensor);
  }
  sort_by_name(set);
  return set;
}

// The tensors of a UNet that its config is inferred from.
TensorSet unet(const std::vector<int64_t>& widths, int layers, bool middle, bool linear,
               int64_t text_width, size_t plain_levels) {
  std::vector<std::pair<std::string, std::vector<int64_t>>> shapes = {
      {"conv_in.weight", {widths[0], 4, 3, 3}}, {"conv_out.weight", {4, widths[0], 3, 3}}};
  for (size_t i = 0; i < widths.size(); ++i) {
    const int64_t c = widths[i];
    for (const char* side : {"down", "up"}) {
      const bool down = side[0] == 'd';
      const size_t level = down ? i : widths.size() - 1 - i;
      const bool attention = level + plain_levels < widths.size();
      for (int j = 0; j < layers + (down ? 0 : 1); ++j) {
        const std::string at = fmt::format("{}_blocks.{}.", side, i);
        shapes.push_back({fmt::format("{}resnets.{}.conv1.weight", at, j), {c, c, 3, 3}});
        if (!attention) continue;
        const std::string block = fmt::format("{}attentions.{}.", at, j);
        shapes.push_back({block + "proj_in.weight",
                          linear ? std::vector<int64_t>{c, c} : std::vector<int64_t>{c, c, 1, 1}});
        shapes.push_back({block + "transformer_blocks.0.attn2.to_k.weight", {c, text_width}});
      }
    }
  }
  if (middle) shapes.push_back({"mid_block.resnets.0.conv1.weight", {widths.back(), 8, 3, 3}});
  return set_of(shapes);
}

}  // namespace

TEST_CASE("ldm: names become diffusers' names as diffusers converts them") {
  const auto models = golden();
  REQUIRE(models.size() == 6);
  for (const auto& names_of_model : models) {
    const std::string& model = names_of_model.first;
    CAPTURE(model);
    const LdmRename rename = rename_of(names_of_model.second);
    for (const auto& pair : names_of_model.second) {
      const std::string& ldm = pair.first;
      CAPTURE(ldm);
      const auto place = rename(ldm + ".bias");
      REQUIRE(place.has_value());
      CHECK(place->name == pair.second + ".bias");
      CHECK(place->part == (model == "vae"    ? CheckpointPart::vae
                            : model == "clip" ? CheckpointPart::text_encoder
                                              : CheckpointPart::unet));
    }
  }
}

TEST_CASE("ldm: names of modules on the way back") {
  for (const auto& names_of_model : golden()) {
    const std::string& model = names_of_model.first;
    if (!model.starts_with("unet")) continue;
    CAPTURE(model);
    std::vector<std::string> modules;
    for (const auto& pair : names_of_model.second) modules.push_back(pair.second);
    const LdmUnetName back = ldm_unet_name(modules);
    for (const auto& pair : names_of_model.second) {
      CHECK("model.diffusion_model." + back(pair.second).value_or("nothing") == pair.first);
    }
    for (const char* stranger : {"", "down_blocks.x.resnets.0.conv1",
                                 "down_blocks.0.resnets.0.conv3", "up_blocks.0.samplers.0"}) {
      CHECK(!back(stranger));
    }
  }
}

TEST_CASE("ldm: a UNet of one block and a VAE of two levels") {
  const std::string unet = "model.diffusion_model.", vae = "first_stage_model.";
  const std::vector<std::string> keys = {
      unet + "input_blocks.0.0.weight", unet + "input_blocks.1.0.in_layers.0.weight",
      unet + "input_blocks.2.1.norm.weight", unet + "output_blocks.2.0.in_layers.2.weight",
      vae + "decoder.up.1.block.0.norm1.weight"};
  const LdmRename rename = ldm_rename(keys);
  CHECK(rename(keys[2])->name == "down_blocks.0.attentions.1.norm.weight");
  CHECK(rename(keys[3])->name == "up_blocks.0.resnets.2.conv1.weight");
  CHECK(rename(keys[4])->name == "decoder.up_blocks.0.resnets.0.norm1.weight");
}

TEST_CASE("ldm: text names stay, and what is no part's gives nothing") {
  const LdmRename rename = rename_of(golden().at("unet_sd15"));
  const auto text = rename("cond_stage_model.transformer.text_model.final_layer_norm.bias");
  REQUIRE(text.has_value());
  CHECK(text->part == CheckpointPart::text_encoder);
  CHECK(text->name == "text_model.final_layer_norm.bias");
  for (const char* key :
       {"model_ema.diffusion_modelout2bias", "betas", "", "model.diffusion_model.",
        "model.diffusion_model.input_blocks", "model.diffusion_model.input_blocks.x.0.op.weight",
        "model.diffusion_model.input_blocks.0.1.norm.weight",
        "model.diffusion_model.input_blocks.99999999999.0.op.weight",
        "model.diffusion_model.input_blocks.-3.0.op.weight",
        "model.diffusion_model.middle_block.3.norm.weight",
        "model.diffusion_model.output_blocks.2.7.norm.weight", "first_stage_model.loss.logvar",
        "first_stage_model.decoder.up.9.block.0.norm1.weight",
        "first_stage_model.decoder.up.0.block.norm1.weight"}) {
    CAPTURE(key);
    CHECK_FALSE(rename(key).has_value());
  }
  CHECK_FALSE(ldm_rename({})("first_stage_model.decoder.up.0.block.0.norm1.weight").has_value());
}

TEST_CASE("ldm: the configs of the SD 1.x family are read off their shapes") {
  const auto sd = infer_unet_config(unet({320, 640, 1280, 1280}, 2, true, false, 768, 1));
  CHECK(sd["block_out_channels"] == Json::array({320, 640, 1280, 1280}));
  CHECK(sd["layers_per_block"] == 2);
  CHECK(sd["cross_attention_dim"] == 768);
  CHECK(sd["attention_head_dim"] == 8);
  CHECK(sd["use_linear_projection"] == false);
  CHECK(sd["in_channels"] == 4);
  CHECK(sd["out_channels"] == 4);
  CHECK(sd["mid_block_type"] == "UNetMidBlock2DCrossAttn");
  CHECK(sd["down_block_types"] == Json::array({"CrossAttnDownBlock2D", "CrossAttnDownBlock2D",
                                               "CrossAttnDownBlock2D", "DownBlock2D"}));
  CHECK(sd["up_block_types"] == Json::array({"UpBlock2D", "CrossAttnUpBlock2D",
                                             "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"}));

  const auto small = infer_unet_config(unet({320, 640, 1280, 1280}, 1, false, false, 768, 1));
  CHECK(small["layers_per_block"] == 1);
  CHECK(small["mid_block_type"].is_null());
  CHECK(small.contains("mid_block_type"));

  const auto tiny = infer_unet_config(unet({32, 64, 96}, 1, false, false, 48, 0));
  CHECK(tiny["block_out_channels"] == Json::array({32, 64, 96}));
  CHECK(tiny["down_block_types"] == Json(std::vector<std::string>(3, "CrossAttnDownBlock2D")));
  CHECK(tiny["up_block_types"] == Json(std::vector<std::string>(3, "CrossAttnUpBlock2D")));
  CHECK(tiny["cross_attention_dim"] == 48);

  const auto v2 = infer_unet_config(unet({320, 640, 1280}, 1, false, true, 1024, 0));
  CHECK(v2["use_linear_projection"] == true);
  CHECK(v2["attention_head_dim"] == Json::array({5, 10, 20}));
}

TEST_CASE("ldm: the configs of VAE and text encoder are read off their shapes") {
  const auto vae = infer_vae_config(set_of({
      {"decoder.conv_in.weight", {64, 4, 3, 3}},
      {"decoder.conv_out.weight", {3, 32, 3, 3}},
      {"decoder.up_blocks.0.resnets.0.conv1.weight", {64, 64, 3, 3}},
      {"decoder.up_blocks.0.resnets.1.conv1.weight", {64, 64, 3, 3}},
      {"decoder.up_blocks.0.resnets.2.conv1.weight", {64, 64, 3, 3}},
      {"decoder.up_blocks.1.resnets.0.conv1.weight", {32, 64, 3, 3}},
  }));
  CHECK(vae["block_out_channels"] == Json::array({32, 64}));
  CHECK(vae["layers_per_block"] == 2);
  CHECK(vae["latent_channels"] == 4);
  CHECK(vae["scaling_factor"] == 0.18215);

  const auto text = infer_text_config(set_of({
      {"text_model.embeddings.position_embedding.weight", {77, 768}},
      {"text_model.embeddings.token_embedding.weight", {49408, 768}},
      {"text_model.encoder.layers.0.mlp.fc1.weight", {3072, 768}},
      {"text_model.encoder.layers.1.mlp.fc1.weight", {3072, 768}},
  }));
  CHECK(text["hidden_size"] == 768);
  CHECK(text["num_hidden_layers"] == 2);
  CHECK(text["num_attention_heads"] == 12);
  CHECK(text["intermediate_size"] == 3072);
  CHECK(text["hidden_act"] == "quick_gelu");
  CHECK(text["max_position_embeddings"] == 77);
}

TEST_CASE("ldm: what shapes can tell of a whole model is what its configs say") {
  const std::string folder = in_tree("tests/golden/toy_painter/");
  const auto check = [&](const char* part, const char* file, const auto& infer,
                         const std::vector<const char*>& keys) {
    const Json written = read_json(folder + part + "/config.json");
    const Json inferred = infer(read_tensors(folder + part + "/" + file));
    for (const char* key : keys) {
      CAPTURE(std::string(key));
      CHECK(inferred.at(key) == written.at(key));
    }
  };
  check("unet", "diffusion_pytorch_model.safetensors", infer_unet_config,
        {"block_out_channels", "layers_per_block", "mid_block_type", "cross_attention_dim",
         "down_block_types", "up_block_types", "in_channels", "out_channels",
         "use_linear_projection", "norm_num_groups", "upcast_attention"});
  check("vae", "diffusion_pytorch_model.safetensors", infer_vae_config,
        {"block_out_channels", "layers_per_block", "latent_channels", "in_channels", "out_channels",
         "scaling_factor", "norm_num_groups"});
  const auto infer_text = [](const TensorSet& text) { return infer_text_config(text); };
  check("text_encoder", "model.safetensors", infer_text,
        {"vocab_size", "hidden_size", "num_hidden_layers", "intermediate_size", "hidden_act",
         "max_position_embeddings", "layer_norm_eps"});
}

TEST_CASE("ldm: a config cannot be inferred without its tensors") {
  CHECK_THROWS_WITH(infer_unet_config(set_of({})), "file: conv_in.weight is missing");
  CHECK_THROWS_WITH(infer_unet_config(set_of({{"conv_in.weight", {32}}})),
                    "file: conv_in.weight has 1 dims, expected 4");
  CHECK_THROWS_WITH(infer_unet_config(set_of(
                        {{"conv_in.weight", {8, 4, 3, 3}}, {"conv_out.weight", {4, 8, 3, 3}}})),
                    "file: the UNet has no attention blocks");
  CHECK_THROWS_AS(infer_vae_config(set_of({})), Error);
  CHECK_THROWS_AS(infer_text_config(set_of({})), Error);
}
