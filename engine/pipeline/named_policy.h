// Policies by name, and what `auto` means on a device.
#pragma once

#include <string>

#include "engine/core/policy.h"
#include "kernels/backend.h"

namespace yent {

// `policy` is a path (it has a slash or a dot) or the name of a shipped policy; where it is empty,
// `precision` holds for every layer. `auto` is f16 on CUDA, the shipped auto.policy on a CPU, f32
// in the reference backend. Throws a file error for a policy that cannot be read.
Policy named_policy(const std::string& policy, const std::string& precision,
                    const Backend& backend);

}  // namespace yent
