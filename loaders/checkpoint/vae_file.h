// A VAE by itself, in the place of a model's own.
#pragma once

#include <filesystem>

#include "loaders/checkpoint/part_config.h"
#include "loaders/checkpoint/weights_file.h"

namespace yent {

struct VaeFile {
  TensorSet tensors;  // under diffusers' names
  PartConfig config;
};

// Opens a diffusers folder (of the VAE, or of a pipeline that has one) or a single file: of
// diffusers, with the config.json beside it where there is one; of LDM, with or without
// `first_stage_model.` in front of its names; or a whole model. A single file without a config has
// SD's scaling factor. A tiny autoencoder (TAESD) is one as diffusers has it, and TAESD's blocks
// are taken where it has no config. Throws a file error.
VaeFile open_vae(const std::filesystem::path& path, const WeightChoice& choice);

}  // namespace yent
