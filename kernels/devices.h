// Makes the backends of a run.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kernels/backend.h"

namespace yent {

// `device` is cpu, cuda, cuda:N, cuda:all or empty: CUDA where it is built and a GPU answers, else
// the CPU. `isa` caps the CPU's instruction set (empty: none) and `threads` its threads (0: one for
// each physical core). cuda:all makes one backend for each GPU, `max_backends` at the most; every
// other device makes one. Throws a usage error for an unknown name, a run error where the device
// does not answer.
std::vector<std::unique_ptr<Backend>> make_backends(const std::string& device,
                                                    const std::string& isa, int threads,
                                                    int max_backends);

// What `isa` may be, in the order of the caps. Not every machine has them.
std::vector<std::string> isa_names();
bool has_isa(const std::string& name);  // whether this one has it

}  // namespace yent
