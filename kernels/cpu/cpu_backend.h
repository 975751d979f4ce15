// The CPU backend: ops on threads, kernels chosen at run time for the machine's instruction
// set.
#pragma once

#include <memory>
#include <string>

#include "kernels/backend.h"

namespace yent {

struct CpuOptions {
  int threads = 0;       // 0: one per physical core this process may use
  std::string isa = {};  // a cap ("avx2"); empty: the best this machine has
};

// The backend for a cap: every op takes its best supported kernel at or below it; "ref" is
// the reference backend. An unknown cap is a usage error, a known one that this machine has
// not is a run error.
std::unique_ptr<Backend> make_cpu_backend(const CpuOptions& options);

}  // namespace yent
