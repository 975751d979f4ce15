// Weights in 8-bit floats with one scale for each, as ComfyUI writes them.
#pragma once

#include "loaders/tensors/tensor_set.h"

namespace yent {

// Gives the weight X.weight the scale of X.scale_weight (older files) or X.weight_scale (newer
// ones), and takes these tensors out of the set, with all that only concerns products in 8 bits:
// X.scale_input, X.input_scale, X.comfy_quant and the marker scaled_fp8. Throws a file error that
// names the tensor: a scale without its weight, of a weight in another type, or of several
// elements; and an X.comfy_quant of another format.
void apply_f8_scales(TensorSet& set);

}  // namespace yent
