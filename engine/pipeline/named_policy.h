// Policies by name, and what `auto` means on a device.
#pragma once

#include <string>
#include <vector>

#include "engine/core/policy.h"
#include "kernels/backend.h"

namespace yent {

// Whether `policy` is a path (it has a slash or a dot), not a name.
bool is_policy_path(const std::string& policy);

// The files that a policy as the command line has it names.
std::vector<std::string> policy_files(const std::string& policy);

// The names of the shipped policies, sorted; none where they are not found.
std::vector<std::string> policy_names();

// `policy` is a path or the name of a shipped policy, or several: A+B is A and then B, A:F is A
// with the share F, A:F:B is that mixed with B. Where it is empty, `precision` holds for every
// layer. `auto` is f16 on CUDA, the shipped auto.policy on a CPU, f32 in the reference backend;
// `auto` in a policy's rule is what that mix has for the layer. Throws a file error for a policy
// that cannot be read or is not shipped, a usage error for an unknown precision.
Policy named_policy(const std::string& policy, const std::string& precision,
                    const Backend& backend);

// The same of a policy's text.
Policy policy_from_text(const std::string& text, const Backend& backend);

}  // namespace yent
