// The CUDA backend, or the reason why there is none.
#pragma once

#include <memory>
#include <string>

#include "kernels/backend.h"

namespace yent {

// Null when this build or this machine cannot; then `reason` is one sentence without a full
// stop ("no NVIDIA GPU answers").
std::unique_ptr<Backend> make_cuda_backend(int device, std::string& reason);

}  // namespace yent
