// The text encoder of SD 2.x single files, in the names of open_clip.
#pragma once

#include "loaders/tensors/tensor_set.h"

namespace yent {

// Renames a text tower of open_clip (`transformer.resblocks.0.attn.in_proj_weight`, ...) as
// transformers names it (`text_model.encoder.layers.0.self_attn.q_proj.weight`, ...). A fused
// projection becomes three views of its rows, in the same bytes. The last block is left out: SD 2.x
// was trained on the output of the one before it. So are text_projection, logit_scale and other
// tensors that this output does not need. Throws a file error for a fused projection that is no
// three of a kind. Source of the names: open_clip/transformer.py.
void convert_open_clip(TensorSet& text);

}  // namespace yent
