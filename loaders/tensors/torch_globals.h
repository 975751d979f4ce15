// The globals that a file of torch.save may name, and what each means to the reader. A name is all
// that is ever used of them: nothing is imported, and nothing is called.
#pragma once

#include <optional>
#include <string_view>

#include "kernels/tensor.h"
#include "loaders/tensors/pickle.h"

namespace yent {

enum class TorchRole {
  inert,         // beside the weights: its values are parsed and ignored
  tensor,        // of (storage, offset, size, stride, ...)
  typed_tensor,  // the same over raw bytes, its dtype as the seventh argument
  wrapper,       // its first argument is the tensor
  from_type,     // of (function, type, arguments, ...): a tensor with attributes
  storage,       // a type of storages; no dtype: raw bytes
  dtype,         // torch.float16; no dtype here: one that is not read
};

struct TorchGlobal {
  std::string_view name;
  TorchRole role = TorchRole::inert;
  std::optional<DType> dtype = {};
};

// The meaning of `module.name`; null when the table has no such name.
const TorchGlobal* find_torch_global(std::string_view name);

// For read_pickle(). Beside the table: the classes of packages that training leaves in its
// checkpoints, and any class whose values are filled as dictionaries.
PickleUse torch_global_use(std::string_view module, std::string_view name);

}  // namespace yent
