#include "loaders/checkpoint/vae_file.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "kernels/error.h"
#include "loaders/checkpoint/ldm.h"
#include "loaders/checkpoint/single_file.h"
#include "loaders/io/embedded.h"

namespace yent {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view ldm_prefix = "first_stage_model.";

// A config of this class of diffusers, or nothing.
std::optional<PartConfig> config_beside(const fs::path& file, const char* class_name) {
  const fs::path beside = file.parent_path() / "config.json";
  if (!is_file(beside)) return {};
  PartConfig config = read_part_config(beside);
  if (config.json["_class_name"] != Json(class_name)) return {};
  return config;
}

VaeFile open_folder(fs::path folder, const WeightChoice& choice) {
  if (is_file(folder / "vae" / "config.json")) folder /= "vae";
  VaeFile vae{.tensors = {}, .config = read_part_config(folder / "config.json")};
  vae.tensors = read_weights(find_weights(folder, diffusers_weights, choice));
  if (vae.config.json["_class_name"] != Json("AutoencoderTiny")) modernize_vae(vae.tensors);
  return vae;
}

bool has_name(const TensorSet& set, std::string_view front) {
  return std::any_of(set.tensors.begin(), set.tensors.end(),
                     [&](const HostTensor& t) { return t.name.starts_with(front); });
}

// TAESD's own file numbers its layers from the front of the name; diffusers' has them in a list.
bool is_tiny(const TensorSet& set) { return has_name(set, "decoder.layers."); }

void refuse_other_tiny(const TensorSet& set) {
  if (has_name(set, "encoder.layers.") || has_name(set, "1.weight") || has_name(set, "3.conv.0.")) {
    throw file_error(
        "{}: half of a tiny autoencoder, or one under other names, expected both halves as "
        "diffusers "
        "has them (decoder.layers.0.weight)",
        set.path);
  }
}

// The config of a tiny autoencoder without one: TAESD's, where the widths are those of the file.
Json tiny_config_of(const TensorSet& set) {
  Json config = Json::object({{"_class_name", "AutoencoderTiny"}});
  if (const HostTensor* first = set.find("decoder.layers.0.weight");
      first && first->dims.size() == 4)
    config["latent_channels"] = first->dims[1];
  return config;
}

// Keeps the tensors of the VAE, under diffusers' names.
void rename_ldm(TensorSet& set) {
  const bool whole = has_name(set, ldm_prefix);
  std::vector<std::string> keys;
  for (const HostTensor& tensor : set.tensors) {
    keys.push_back(whole ? tensor.name : std::string(ldm_prefix) + tensor.name);
  }
  const LdmRename rename = ldm_rename(keys);
  std::vector<HostTensor> kept;
  for (size_t i = 0; i < keys.size(); ++i) {
    std::optional<PartName> place = rename(keys[i]);
    if (!place || place->part != CheckpointPart::vae) continue;
    kept.push_back(std::move(set.tensors[i]));
    kept.back().name = std::move(place->name);
  }
  set.tensors = std::move(kept);
}

VaeFile open_file(const fs::path& path) {
  VaeFile vae{.tensors = read_weights(path), .config = {}};
  TensorSet& set = vae.tensors;
  const bool modern = set.find("decoder.conv_norm_out.weight") != nullptr;
  if (is_tiny(set)) {
    auto known = config_beside(path, "AutoencoderTiny");
    vae.config = known ? std::move(*known) : PartConfig{tiny_config_of(set), set.path};
    return vae;
  }
  if (!modern) {
    refuse_other_tiny(set);
    rename_ldm(set);
  }
  if (set.tensors.empty()) {
    throw file_error("{}: no tensor of a VAE, expected names as decoder.conv_in.weight", set.path);
  }
  modernize_vae(set);
  std::optional<PartConfig> config;
  if (modern) config = config_beside(path, "AutoencoderKL");
  vae.config = config ? std::move(*config) : PartConfig{infer_vae_config(set), set.path};
  return vae;
}

}  // namespace

VaeFile open_vae(const fs::path& path, const WeightChoice& choice) {
  return is_folder(path) ? open_folder(path, choice) : open_file(path);
}

}  // namespace yent
