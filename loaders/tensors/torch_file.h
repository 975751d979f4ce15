// Files of torch.save: a zip of a pickled object graph and its raw storages.
#pragma once

#include <filesystem>

#include "loaders/tensors/tensor_set.h"

namespace yent {

// The tensors of a state dictionary that is the top level or its entry `state_dict`; all other
// entries are ignored. Nothing in the file is ever executed: the known globals are
// fixed actions or inert, any other is refused by name. Dense tensors point into the mapping and
// may share bytes; transposed views are copied. Refuses the format before torch 1.6, big-endian
// files and compressed or encrypted archives. Throws a file error.
TensorSet read_torch(const std::filesystem::path& path);

}  // namespace yent
