#include "loaders/checkpoint/single_file.h"

#include <utility>
#include <vector>

#include "kernels/error.h"
#include "loaders/checkpoint/ldm.h"
#include "loaders/checkpoint/open_clip.h"
#include "loaders/checkpoint/take_prefix.h"
#include "loaders/checkpoint/weights_file.h"

namespace yent {
namespace {

// The step of the published SD 2.0 base model at 512 pixels, which predicts noise. diffusers goes
// by it too.
constexpr std::string_view base_512_step = "875000";

void read_markers(const TensorSet& all, SingleFile& file) {
  const auto note = all.metadata.find("modelspec.prediction_type");
  if (note != all.metadata.end() && note->second.starts_with("v")) file.v_prediction = true;
  if (note != all.metadata.end() && note->second.starts_with("eps")) file.v_prediction = false;
  if (all.find("v_pred")) file.v_prediction = true;
  file.zero_terminal_snr = all.find("ztsnr") != nullptr;
  const auto step = all.metadata.find("global_step");
  if (step != all.metadata.end()) file.global_step = step->second;
}

void refuse_other_families(const TensorSet& all) {
  for (const HostTensor& tensor : all.tensors) {
    const std::string_view name = tensor.name;
    if (name.starts_with("model.diffusion_model.label_emb.") ||
        name.starts_with("conditioner.embedders.")) {
      throw file_error(
          "{}: {} belongs to SDXL or another model with size conditions, expected SD "
          "1.x or 2.x",
          all.path, printable(name));
    }
  }
}

}  // namespace

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

SingleFile open_single_file(const std::filesystem::path& path) {
  TensorSet all = read_tensors(path);
  SingleFile parts;
  read_markers(all, parts);
  refuse_other_families(all);
  all = weights_of(std::move(all));
  std::vector<std::string> keys;
  for (const HostTensor& tensor : all.tensors) keys.push_back(tensor.name);
  const LdmRename rename = ldm_rename(keys);

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
    if (place->part == CheckpointPart::open_clip) parts.open_clip = true;
    tensor.name = std::move(place->name);
    part.tensors.push_back(std::move(tensor));
  }
  if (parts.unet.tensors.empty()) {
    throw file_error(
        "{}: no tensor begins with model.diffusion_model., expected an SD 1.x or 2.x checkpoint",
        all.path);
  }
  sort_by_name(parts.unet);
  modernize_vae(parts.vae);
  if (parts.open_clip) convert_open_clip(parts.text_encoder);
  modernize_text(parts.text_encoder);
  return parts;
}

bool looks_like_768_v(const SingleFile& file, const Json& unet_config) {
  return file.global_step != base_512_step && unet_config["use_linear_projection"] == Json(true) &&
         unet_config["layers_per_block"] == Json(2) && unet_config["in_channels"] == Json(4);
}

Json single_file_scheduler(const SingleFile& file, bool v_prediction) {
  Json config = Json::object({{"_class_name", "DDIMScheduler"},
                              {"beta_start", 0.00085},
                              {"beta_end", 0.012},
                              {"beta_schedule", "scaled_linear"},
                              {"clip_sample", false},
                              {"num_train_timesteps", 1000},
                              {"prediction_type", v_prediction ? "v_prediction" : "epsilon"},
                              {"set_alpha_to_one", false},
                              {"skip_prk_steps", true},
                              {"steps_offset", 1}});
  if (file.zero_terminal_snr) {
    config["rescale_betas_zero_snr"] = true;
    // The last training step is where such a model differs: it must be visited.
    config["timestep_spacing"] = "trailing";
  }
  return config;
}

}  // namespace yent
