// Adapters inside a model's own file: what a network is saved as while PEFT's layers are around its
// modules, `to_q.base_layer.weight` beside `to_q.lora_A.default.weight`.
#pragma once

#include "loaders/tensors/tensor_set.h"

namespace yent {

// Gives the wrapped tensors their own names (`to_q.weight`), and moves those of the adapter into
// the result, in which every name gets `prefix` in front ("unet."). The result is empty when there
// is no adapter. Throws a file error where a tensor then occurs twice.
TensorSet take_embedded_adapter(TensorSet& model, const std::string& prefix);

}  // namespace yent
