// Weights in several files: an index in JSON says which tensor is in which.
#pragma once

#include <filesystem>

#include "loaders/tensors/tensor_set.h"

namespace yent {

// Every tensor of the weight map of a *.safetensors.index.json or a *.bin.index.json, from the
// shard it names. Shards are plain file names beside the index. Throws a file error.
TensorSet read_shards(const std::filesystem::path& index);

}  // namespace yent
