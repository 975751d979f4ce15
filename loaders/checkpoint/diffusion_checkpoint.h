// A diffusion model on disk: a diffusers folder, or a single-file SD 1.x checkpoint. Both give the
// same: for each network a config and tensors under diffusers' names.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "loaders/io/json.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

// A part's config.json, and the name of its source for error messages. For a single file it is
// inferred from the tensors (loaders/checkpoint/ldm.h).
struct PartConfig {
  Json json;  // an object
  std::string where;
};

// A part is opened only when it is asked for; a missing part is a file error then, which names its
// path. Const functions may be called from several threads at once; their results own their data.
// Tensors carry diffusers' names without the part (`conv_in.weight`,
// `text_model.final_layer_norm.weight`), whatever the file's age: a VAE's attention is
// `to_q, to_k, to_v, to_out.0`, all matrices. Integer buffers such as position_ids are left out.
class DiffusionCheckpoint {
 public:
  // Where a folder has both, `prefer_f16` takes *.fp16.safetensors before the plain ones. A
  // single file is mapped here and its names read. Throws a file error when the path is
  // neither kind.
  static DiffusionCheckpoint open(const std::filesystem::path& path, bool prefer_f16);

  const std::string& path() const { return path_; }

  PartConfig unet_config() const;
  PartConfig vae_config() const;
  PartConfig text_config() const;

  TensorSet unet() const;
  TensorSet vae() const;
  TensorSet text_encoder() const;
  bool has_text_encoder() const;

  // A single file has neither. A folder must have a tokenizer; the scheduler is optional.
  std::optional<std::filesystem::path> tokenizer_dir() const;
  std::optional<PartConfig> scheduler_config() const;

 private:
  // The tensors of one file, by part. The sets share the mapping.
  struct SingleFile {
    TensorSet unet, vae, text_encoder;
  };

  static SingleFile open_single(const std::filesystem::path& path);
  PartConfig folder_config(const char* part) const;
  TensorSet folder_tensors(const char* part) const;

  std::string path_;
  bool prefer_f16_ = false;
  std::optional<SingleFile> single_;  // else a folder
};

}  // namespace yent
