// The names of a painter's tensors in a single file of SD 1.x: LDM's.
#pragma once

#include <functional>
#include <span>
#include <string>

#include "kernels/tensor.h"

namespace yent {

// From diffusers' name to the file's. `tensors` are all of the part's: blocks are numbered flatly
// there. A name that LDM has not is a bug.
using LdmName = std::function<std::string(const std::string& name)>;
LdmName ldm_unet_names(std::span<const HostTensor> tensors);
LdmName ldm_vae_names(std::span<const HostTensor> tensors);

constexpr const char* ldm_text_prefix = "cond_stage_model.transformer.";

}  // namespace yent
