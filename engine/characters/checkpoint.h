// Files with the weights of character diffusion: a state dictionary of torch, safetensors, or the
// same tensors in GGUF, where they may be quantized.
#pragma once

#include <filesystem>

#include "loaders/tensors/tensor_set.h"

namespace yent::character_diffusion {

struct CheckpointFile {
  TensorSet tensors;
  int heads = 0, length = 0;  // 0: the file does not say
  std::string stored = {};    // the types of its tensors: "f32", "q8_0 f32"
};

// `default` is the model that ships. Quantized tensors come as f32. Throws a file error.
CheckpointFile read_checkpoint(const std::filesystem::path& path);

// How a file keeps its matrices.
enum class Storage : uint8_t { f32, f16, bf16, q8_0, last = q8_0 };
Storage storage_named(const std::string& name);  // throws a usage error

// Writes what the ending of the path says: .safetensors, .pt or, for q8_0 too, .gguf. Throws a
// usage error for another ending or a storage that the format lacks, a run error where the file
// cannot be written.
void write_checkpoint(const std::filesystem::path& path, const CheckpointFile& file,
                      Storage storage);

}  // namespace yent::character_diffusion
