// What a run needs of memory, so that it can be refused in one sentence before work.
#pragma once

#include <cstddef>
#include <set>
#include <string>

#include "engine/core/policy.h"
#include "engine/models/clip.h"
#include "engine/models/unet.h"
#include "engine/models/vae.h"
#include "kernels/backend.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {

// Throws a run error that names `what`, these bytes and those that the device can still give.
void require_memory(const std::string& what, size_t needed, const Backend& backend);

// Matrices at the policy's precision, the rest in f32; without the tensors that are `ready`.
size_t packed_bytes(const TensorSet& set, const std::string& part, const Policy& policy,
                    const std::set<std::string>& ready = {});

// A token of a prompt: the text encoder's activations in a layer, or what the UNet's blocks keep of
// it, with keys and values at half precision; whatever is more.
size_t text_token_bytes(const ClipConfig& clip, const UNetConfig& unet);

// A pixel of the decoder at its fullest, in the last block's first resnet: what comes in and its
// first convolution, the shortcut being written over the former; then the pixel itself, as floats
// and as bytes. Devices that write it elsewhere need more.
size_t decoder_pixel_bytes(const VaeConfig& vae, Precision activations, const Backend& backend);

}  // namespace yent
