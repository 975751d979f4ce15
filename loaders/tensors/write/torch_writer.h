// Writes a state dictionary as torch.save does, in its zip format: torch.load reads it with
// weights_only, too.
#pragma once

#include <filesystem>
#include <span>

#include "kernels/tensor.h"

namespace yent {

// Tensors of f32, f16, bf16 or f64 with unique names, all of them at most 4 GiB. Storages begin at
// multiples of 64 bytes. The file appears under its name when it is complete. Throws a run error
// when it cannot be written.
void write_torch(const std::filesystem::path& path, std::span<const HostTensor> tensors);

}  // namespace yent
