#include "loaders/checkpoint/diffusion_checkpoint.h"

#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "kernels/error.h"
#include "loaders/checkpoint/adapter/embedded.h"
#include "loaders/checkpoint/ldm.h"
#include "loaders/io/embedded.h"
#include "loaders/io/json.h"

namespace yent {
namespace {

namespace fs = std::filesystem;

constexpr const char* unet_part = "unet";
constexpr const char* vae_part = "vae";
constexpr const char* text_part = "text_encoder";

// Other pipelines have folders of the same names for other networks.
void check_model_index(const fs::path& folder) {
  const fs::path file = folder / "model_index.json";
  if (!is_file(file)) {
    if (is_folder(folder / "unet")) return;
    throw file_error("{}: neither a model_index.json nor a unet folder, expected a diffusers model",
                     folder.string());
  }
  const Json index = read_json(file);
  const Json* second = index.find("text_encoder_2");
  if (second && !(second->is_array() && !second->empty() && (*second)[0].is_null())) {
    throw file_error("{}: a {}, expected a StableDiffusionPipeline", file.string(),
                     printable(get_string(index, "_class_name", "pipeline with two text encoders",
                                          file.string())));
  }
}

// As in diffusers, parts without weights of the variant give their plain ones.
void check_variant(const fs::path& folder, const std::string& variant) {
  if (variant.empty() || has_variant(folder / unet_part, diffusers_weights, variant) ||
      has_variant(folder / vae_part, diffusers_weights, variant) ||
      has_variant(folder / text_part, transformers_weights, variant)) {
    return;
  }
  throw file_error("{}: no part has weights of the variant {}, expected {}.{}.safetensors",
                   folder.string(), printable(variant), diffusers_weights.base, printable(variant));
}

}  // namespace

DiffusionCheckpoint DiffusionCheckpoint::open(const fs::path& given, bool prefer_f16,
                                              const CheckpointChoice& choice) {
  // The index of a folder stands for the folder.
  const fs::path path = given.filename() == "model_index.json" ? given.parent_path() / "" : given;
  DiffusionCheckpoint files;
  files.path_ = path.string();
  files.weights_ = {prefer_f16, choice.variant};
  if (is_folder(path)) {
    check_model_index(path);
    check_variant(path, choice.variant);
  } else {
    files.single_ = open_single_file(path);
    if (!choice.variant.empty()) {
      throw usage_error("{}: a single file has no variants, expected a diffusers folder",
                        files.path_);
    }
  }
  if (!choice.vae.empty()) files.vae_ = open_vae(choice.vae, files.weights_);
  return files;
}

PartConfig DiffusionCheckpoint::folder_config(const char* part) const {
  return read_part_config(fs::path(path_) / part / "config.json");
}

TensorSet DiffusionCheckpoint::folder_tensors(const char* part, const WeightNames& names) const {
  const fs::path folder = fs::path(path_) / part;
  if (!is_folder(folder)) throw file_error("{}: no such folder", folder.string());
  return read_weights(find_weights(folder, names, weights_));
}

bool DiffusionCheckpoint::predicts_v(const Json& unet_config) const {
  return single_->v_prediction.value_or(looks_like_768_v(*single_, unet_config));
}

PartConfig DiffusionCheckpoint::unet_config() const {
  if (!single_) return folder_config(unet_part);
  Json config = infer_unet_config(unet());
  if (looks_like_768_v(*single_, config) && predicts_v(config)) {
    config["sample_size"] = 96;
    config["upcast_attention"] = true;
  }
  return {std::move(config), path_};
}

PartConfig DiffusionCheckpoint::vae_config() const {
  if (vae_) return vae_->config;
  if (single_) return {infer_vae_config(vae()), path_};
  return folder_config(vae_part);
}

PartConfig DiffusionCheckpoint::text_config() const {
  if (single_) return {infer_text_config(text_encoder(), single_->open_clip), path_};
  return folder_config(text_part);
}

TensorSet DiffusionCheckpoint::whole_unet() const {
  if (single_) return single_->unet;
  return folder_tensors(unet_part, diffusers_weights);
}

TensorSet DiffusionCheckpoint::unet() const {
  TensorSet set = whole_unet();
  take_embedded_adapter(set, "unet.");
  return set;
}

TensorSet DiffusionCheckpoint::vae() const {
  if (vae_) return vae_->tensors;
  if (!single_) {
    TensorSet set = folder_tensors(vae_part, diffusers_weights);
    modernize_vae(set);
    return set;
  }
  if (single_->vae.tensors.empty()) {
    throw file_error("{}: holds no VAE (first_stage_model.)", path_);
  }
  return single_->vae;
}

TensorSet DiffusionCheckpoint::whole_text_encoder() const {
  if (!single_) {
    TensorSet set = folder_tensors(text_part, transformers_weights);
    modernize_text(set);
    return set;
  }
  if (single_->text_encoder.tensors.empty()) {
    throw file_error(
        "{}: holds no text encoder of SD 1.x or 2.x (cond_stage_model.transformer. or "
        "cond_stage_model.model.)",
        path_);
  }
  return single_->text_encoder;
}

TensorSet DiffusionCheckpoint::text_encoder() const {
  TensorSet set = whole_text_encoder();
  take_embedded_adapter(set, "text_encoder.");
  return set;
}

std::vector<TensorSet> DiffusionCheckpoint::embedded_adapters(bool of_text_encoder) const {
  std::vector<TensorSet> adapters;
  const auto add = [&](TensorSet model, const char* prefix) {
    TensorSet adapter = take_embedded_adapter(model, prefix);
    if (!adapter.tensors.empty()) adapters.push_back(std::move(adapter));
  };
  add(whole_unet(), "unet.");
  if (of_text_encoder) add(whole_text_encoder(), "text_encoder.");
  return adapters;
}

bool DiffusionCheckpoint::has_text_encoder() const {
  if (single_) return !single_->text_encoder.tensors.empty();
  return is_folder(fs::path(path_) / text_part);
}

std::optional<fs::path> DiffusionCheckpoint::tokenizer_dir() const {
  if (single_) return {};
  const fs::path folder = fs::path(path_) / "tokenizer";
  if (!is_folder(folder)) throw file_error("{}: no such folder", folder.string());
  return folder;
}

std::optional<std::string> DiffusionCheckpoint::pad_token() const {
  if (!single_ || !single_->open_clip) return {};
  return "!";  // open_clip fills up with id 0
}

std::optional<PartConfig> DiffusionCheckpoint::scheduler_config() const {
  if (single_) {
    const bool v = predicts_v(infer_unet_config(unet()));
    PartConfig config{single_file_scheduler(*single_, v), path_};
    if (v && !single_->v_prediction) {
      config.assumed = path_ +
                       ": does not say what its UNet predicts; v is assumed, as of SD 2.x at 768 "
                       "pixels";
    }
    return config;
  }
  const fs::path file = fs::path(path_) / "scheduler" / "scheduler_config.json";
  if (!is_file(file)) return {};
  return read_part_config(file);
}

}  // namespace yent
