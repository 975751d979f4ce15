// Writes a state dictionary as torch.save does, in its zip format: torch.load reads it with
// weights_only, too.
#pragma once

#include <filesystem>
#include <span>

#include "loaders/tensors/safetensors.h"

namespace yent {

// Tensors of f32, f16, bf16 or f64 with unique names, all of them at most 4 GiB. Storages begin at
// multiples of 64 bytes. `fill` makes the bytes of tensors without data, one at a time, so a file
// may be larger than memory; their sizes are known. The file appears under its name when it is
// complete. Throws a run error when it cannot be written.
void write_torch(const std::filesystem::path& path, std::span<const HostTensor> tensors,
                 const FillTensor& fill = {});

}  // namespace yent
