// A diffusion model on disk: a diffusers folder, or a single-file checkpoint of SD 1.x or 2.x. Both
// give the same: for each network a config and tensors under diffusers' names.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "loaders/checkpoint/part_config.h"
#include "loaders/checkpoint/single_file.h"
#include "loaders/checkpoint/vae_file.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

// What is taken in the place of the model's own files.
struct CheckpointChoice {
  std::string variant = {};        // *.NAME.* where a part of the folder has such weights
  std::filesystem::path vae = {};  // see open_vae(); "": the model's
};

// A part is opened only when it is asked for; a missing part is a file error then, which names its
// path. Const functions may be called from several threads at once; their results own their data.
// Tensors carry diffusers' names without the part (`conv_in.weight`,
// `text_model.final_layer_norm.weight`), whatever the file's age: a VAE's attention is
// `to_q, to_k, to_v, to_out.0`, all matrices. Integer buffers such as position_ids are left out,
// and so are adapters that were not fused into the weights, which are asked for on their own.
class DiffusionCheckpoint {
 public:
  // Where a folder has both, `prefer_f16` takes *.fp16.safetensors before the plain ones. A
  // single file and another VAE are mapped here and their names read. Throws a file error when the
  // path is neither kind or no part has weights of the variant; a usage error for a variant of a
  // single file.
  static DiffusionCheckpoint open(const std::filesystem::path& path, bool prefer_f16,
                                  const CheckpointChoice& choice = {});

  const std::string& path() const { return path_; }

  PartConfig unet_config() const;
  PartConfig vae_config() const;
  PartConfig text_config() const;

  TensorSet unet() const;
  TensorSet vae() const;
  TensorSet text_encoder() const;
  bool has_text_encoder() const;

  // The adapters inside the files of the UNet and, on request, of the text encoder: none or one
  // for each. Their names begin with the part ("unet.").
  std::vector<TensorSet> embedded_adapters(bool of_text_encoder) const;

  // A folder must have a tokenizer, a single file has none. The scheduler is optional in a folder;
  // for a single file it is what diffusers would have written.
  std::optional<std::filesystem::path> tokenizer_dir() const;
  std::optional<PartConfig> scheduler_config() const;
  // The padding token, where the text encoder of a single file wants another than the tokenizer's.
  std::optional<std::string> pad_token() const;

 private:
  PartConfig folder_config(const char* part) const;
  TensorSet folder_tensors(const char* part, const WeightNames& names) const;
  bool predicts_v(const Json& unet_config) const;
  // As the files have them.
  TensorSet whole_unet() const;
  TensorSet whole_text_encoder() const;

  std::string path_;
  WeightChoice weights_;
  std::optional<SingleFile> single_;  // else a folder
  std::optional<VaeFile> vae_;        // in the place of the model's own
};

}  // namespace yent
