// Chooses who computes.
#pragma once

#include <memory>
#include <string>

#include "engine/core/policy.h"
#include "kernels/backend.h"

namespace yent {

// The backend that --device, --isa and --threads ask for; throws a run error where there is
// none. Without --device: CUDA where it is built and a GPU answers, else the CPU.
std::unique_ptr<Backend> make_backend(const std::string& device, const std::string& isa,
                                      int threads);

// The precision that a word of --precision stands for on this device, the same everywhere in the
// network: `auto` is f16 on CUDA.
Precision precision_on(const Backend& backend, const std::string& word);

}  // namespace yent
