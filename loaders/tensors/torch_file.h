// Files of torch.save: a pickled object graph and its raw storages.
#pragma once

#include <filesystem>
#include <memory>

#include "loaders/tensors/tensor_set.h"

namespace yent {

// The tensors of a state dictionary that is the top level or its entry `state_dict`, and those of
// an entry `string_to_param` (learned words) under that prefix; all other entries are ignored, but
// an integer `global_step` and the `name` of learned words become metadata. Reads the zip format
// and the one before torch 1.6. Nothing in the file is ever executed: the known globals are fixed
// actions or inert, any other is refused by name. Dense tensors point into the mapping and may
// share bytes; transposed views are copied. Refuses big-endian files and compressed or encrypted
// archives. Throws a file error.
TensorSet read_torch(const std::filesystem::path& path);
TensorSet read_torch(const std::shared_ptr<const MappedFile>& file);

}  // namespace yent
