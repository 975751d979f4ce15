#include "loaders/checkpoint/diffusion_checkpoint.h"

#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "kernels/error.h"
#include "loaders/checkpoint/ldm.h"
#include "loaders/checkpoint/take_prefix.h"
#include "loaders/io/embedded.h"
#include "loaders/io/json.h"
#include "loaders/tensors/scaled_f8.h"

namespace yent {
namespace {

namespace fs = std::filesystem;

bool is_float(DType dtype) {
  return dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16 ||
         dtype == DType::f64 || dtype == DType::f8_e4m3 || dtype == DType::f8_e5m2;
}

// Integer buffers are no weights, and neither are the scales of others.
TensorSet read_weights(const fs::path& path) {
  TensorSet set = read_tensors(path);
  apply_f8_scales(set);
  std::erase_if(set.tensors, [](const HostTensor& t) { return !is_float(t.dtype); });
  return set;
}

// diffusers before 0.18 used other names in the VAE's attention; LDM stores it as 1x1 convolutions.
void modernize_vae(TensorSet& set) {
  constexpr std::pair<std::string_view, std::string_view> renames[] = {
      {"query.", "to_q."}, {"key.", "to_k."}, {"value.", "to_v."}, {"proj_attn.", "to_out.0."}};
  constexpr std::string_view attention = "mid_block.attentions.0.";
  for (HostTensor& tensor : set.tensors) {
    const size_t at = tensor.name.find(attention);
    if (at == std::string::npos) continue;
    const size_t begin = at + attention.size();
    std::string_view tail = std::string_view(tensor.name).substr(begin);
    for (const auto& [old, modern] : renames) {
      if (!take_prefix(tail, old)) continue;
      tensor.name = fmt::format("{}{}{}", tensor.name.substr(0, begin), modern, tail);
      break;
    }
    if (tensor.dims.size() == 4 && tensor.dims[2] == 1 && tensor.dims[3] == 1) {
      tensor.dims.resize(2);
    }
  }
  sort_by_name(set);
}

// transformers 5 writes the names of CLIP without their first word.
void modernize_text(TensorSet& set) {
  for (HostTensor& tensor : set.tensors) {
    const std::string_view name = tensor.name;
    if (name.starts_with("embeddings.") || name.starts_with("encoder.") ||
        name.starts_with("final_layer_norm.")) {
      tensor.name = "text_model." + tensor.name;
    }
  }
  sort_by_name(set);
}

// The file of a folder's part. diffusers and transformers put the variant before the last
// extension: model.fp16.safetensors, model.safetensors.index.fp16.json (once: model.fp16.…).
fs::path weights_file(const fs::path& folder, bool text, bool prefer_f16) {
  const std::string base = text ? "model" : "diffusion_pytorch_model";
  const std::vector<std::string> plain = {base + ".safetensors", base + ".safetensors.index.json"};
  const std::vector<std::string> half = {base + ".fp16.safetensors",
                                         base + ".safetensors.index.fp16.json",
                                         base + ".fp16.safetensors.index.json"};
  std::vector<std::string> names = prefer_f16 ? half : plain;
  const std::vector<std::string>& others = prefer_f16 ? plain : half;
  names.insert(names.end(), others.begin(), others.end());
  const std::string torch = text ? "pytorch_model" : base;
  names.push_back(torch + (prefer_f16 ? ".fp16.bin" : ".bin"));
  names.push_back(torch + (prefer_f16 ? ".bin" : ".fp16.bin"));
  for (const std::string& name : names) {
    if (is_file(folder / name)) return folder / name;
  }
  throw file_error("{}: no weights, expected {} or {}", folder.string(), plain[0], torch + ".bin");
}

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

}  // namespace

DiffusionCheckpoint DiffusionCheckpoint::open(const fs::path& path, bool prefer_f16) {
  DiffusionCheckpoint files;
  files.path_ = path.string();
  files.prefer_f16_ = prefer_f16;
  if (is_folder(path)) {
    check_model_index(path);
  } else {
    files.single_ = open_single(path);
  }
  return files;
}

DiffusionCheckpoint::SingleFile DiffusionCheckpoint::open_single(const fs::path& path) {
  TensorSet all = read_weights(path);
  std::vector<std::string> keys;
  for (const HostTensor& tensor : all.tensors) keys.push_back(tensor.name);
  const LdmRename rename = ldm_rename(keys);

  SingleFile parts;
  for (TensorSet* part : {&parts.unet, &parts.vae, &parts.text_encoder}) {
    part->path = all.path;
    part->files = all.files;
    part->owned = all.owned;
  }
  for (HostTensor& tensor : all.tensors) {
    std::optional<PartName> place = rename(tensor.name);
    if (!place) continue;
    TensorSet& part = place->part == CheckpointPart::unet  ? parts.unet
                      : place->part == CheckpointPart::vae ? parts.vae
                                                           : parts.text_encoder;
    tensor.name = std::move(place->name);
    part.tensors.push_back(std::move(tensor));
  }
  if (parts.unet.tensors.empty()) {
    throw file_error(
        "{}: no tensor begins with model.diffusion_model., expected an SD 1.x checkpoint",
        all.path);
  }
  sort_by_name(parts.unet);
  modernize_vae(parts.vae);
  modernize_text(parts.text_encoder);
  return parts;
}

PartConfig DiffusionCheckpoint::folder_config(const char* part) const {
  const fs::path file = fs::path(path_) / part / "config.json";
  PartConfig config{read_json(file), file.string()};
  if (!config.json.is_object()) throw file_error("{}: not a JSON object", config.where);
  return config;
}

TensorSet DiffusionCheckpoint::folder_tensors(const char* part) const {
  const fs::path folder = fs::path(path_) / part;
  if (!is_folder(folder)) throw file_error("{}: no such folder", folder.string());
  const bool text = std::string_view(part) == "text_encoder";
  return read_weights(weights_file(folder, text, prefer_f16_));
}

PartConfig DiffusionCheckpoint::unet_config() const {
  if (single_) return {infer_unet_config(single_->unet), path_};
  return folder_config("unet");
}

PartConfig DiffusionCheckpoint::vae_config() const {
  if (single_) return {infer_vae_config(vae()), path_};
  return folder_config("vae");
}

PartConfig DiffusionCheckpoint::text_config() const {
  if (single_) return {infer_text_config(text_encoder()), path_};
  return folder_config("text_encoder");
}

TensorSet DiffusionCheckpoint::unet() const {
  if (single_) return single_->unet;
  return folder_tensors("unet");
}

TensorSet DiffusionCheckpoint::vae() const {
  if (!single_) {
    TensorSet set = folder_tensors("vae");
    modernize_vae(set);
    return set;
  }
  if (single_->vae.tensors.empty()) {
    throw file_error("{}: holds no VAE (first_stage_model.)", path_);
  }
  return single_->vae;
}

TensorSet DiffusionCheckpoint::text_encoder() const {
  if (!single_) {
    TensorSet set = folder_tensors("text_encoder");
    modernize_text(set);
    return set;
  }
  if (single_->text_encoder.tensors.empty()) {
    throw file_error("{}: holds no text encoder of SD 1.x (cond_stage_model.transformer.)", path_);
  }
  return single_->text_encoder;
}

bool DiffusionCheckpoint::has_text_encoder() const {
  if (single_) return !single_->text_encoder.tensors.empty();
  return is_folder(fs::path(path_) / "text_encoder");
}

std::optional<fs::path> DiffusionCheckpoint::tokenizer_dir() const {
  if (single_) return {};
  const fs::path folder = fs::path(path_) / "tokenizer";
  if (!is_folder(folder)) throw file_error("{}: no such folder", folder.string());
  return folder;
}

std::optional<PartConfig> DiffusionCheckpoint::scheduler_config() const {
  const fs::path file = fs::path(path_) / "scheduler" / "scheduler_config.json";
  if (single_ || !is_file(file)) return {};
  PartConfig config{read_json(file), file.string()};
  if (!config.json.is_object()) throw file_error("{}: not a JSON object", config.where);
  return config;
}

}  // namespace yent
