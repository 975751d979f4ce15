// Chooses who computes, and how.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/core/policy.h"
#include "kernels/backend.h"

namespace yent {

// The backend that --device, --isa and --threads ask for; throws a run error where there is
// none. Without --device: CUDA where it is built and a GPU answers, else the CPU. For cuda:all,
// every GPU that can, but at most so many.
std::vector<std::unique_ptr<Backend>> make_backends(const std::string& device,
                                                    const std::string& isa, int threads, int most);

// What --policy (a file, or the name of one of ours) and --precision ask of that backend. `auto` is
// f16 on CUDA and the mix of our auto.policy on a CPU, but f32 in the reference backend.
Policy make_policy(const std::string& policy, const std::string& precision, const Backend& backend);

}  // namespace yent
