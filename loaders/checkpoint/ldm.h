// Single-file checkpoints in the layout of CompVis's latent-diffusion (LDM), as SD 1.x and 2.x were
// published: renaming its tensors as diffusers names them, and inferring the configs, which such a
// file lacks, from the shapes.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "loaders/io/json.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

// SD 2.x has its text encoder in open_clip's names, which stay (loaders/checkpoint/open_clip.h).
enum class CheckpointPart { unet, vae, text_encoder, open_clip };

// A tensor's place: `name` is diffusers' within the part (`down_blocks.0.resnets.0.conv1.weight`).
struct PartName {
  CheckpointPart part = CheckpointPart::unet;
  std::string name;
};

// The renaming for a checkpoint with these keys: it numbers blocks flatly, so how many layers
// form a UNet block and how many levels the VAE has must be seen from all keys together.
// Keys that belong to no part (EMA copies, losses, schedules) give nothing.
using LdmRename = std::function<std::optional<PartName>(std::string_view key)>;
LdmRename ldm_rename(std::span<const std::string> keys);

// The reverse for the modules of a UNet, without `model.diffusion_model.`:
// "down_blocks.0.resnets.0.conv1" is "input_blocks.1.0.in_layers.2". Nothing for what LDM has not.
using LdmUnetName = std::function<std::optional<std::string>(std::string_view module)>;
LdmUnetName ldm_unet_name(std::span<const std::string> modules);

// The config.json that diffusers or transformers would have written for a part, from its
// tensors in diffusers' names. Values that shapes do not tell are SD's: 32 norm groups; 8 attention
// heads, or with linear projections (SD 2.x) heads of width 64; sample size 64; epsilons; for
// the text encoder heads of width 64, and the exact GELU where the width is SD 2.x's 1024 or
// open_clip named the tensors. A missing tensor is a file error.
Json infer_unet_config(const TensorSet& unet);
Json infer_vae_config(const TensorSet& vae);
Json infer_text_config(const TensorSet& text_encoder, bool open_clip = false);

}  // namespace yent
