// A whole diffusion model in one file, as CompVis and Stability publish them: its networks under
// diffusers' names, and what the file says about them beside the weights.
#pragma once

#include <optional>
#include <string>

#include "loaders/io/json.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

// The sets share the mapping. A network that the file lacks is an empty set.
struct SingleFile {
  TensorSet unet, vae, text_encoder;
  bool open_clip = false;  // the text encoder is SD 2.x's
  // What the UNet predicts and whether its schedule ends in pure noise: the empty tensors `v_pred`
  // and `ztsnr`, or modelspec.prediction_type in the metadata.
  std::optional<bool> v_prediction = {};
  bool zero_terminal_snr = false;
  std::string global_step = {};  // of the training, where a torch file says it
};

// Throws a file error when the file has no UNet in LDM's names, or one of another family.
SingleFile open_single_file(const std::filesystem::path& path);

// Whether the UNet is of the shape that diffusers takes for SD 2.x trained at 768 pixels: linear
// projections, two layers a block, four channels in; and no step number of the 512 base model.
bool looks_like_768_v(const SingleFile& file, const Json& unet_config);

// The scheduler_config.json that diffusers would have written.
Json single_file_scheduler(const SingleFile& file, bool v_prediction);

// The names of a VAE's attention as diffusers writes them today, all of it matrices: versions
// before 0.18 had others, and LDM stores 1x1 convolutions.
void modernize_vae(TensorSet& set);
// transformers 5 writes the names of CLIP without their first word, which is put back.
void modernize_text(TensorSet& set);

}  // namespace yent
