// The CPU backend: ops on threads, with the kernels that are best for the machine's instruction
// set.
#pragma once

#include <memory>
#include <string>

#include "kernels/backend.h"
#include "kernels/cpu/simd/leaf.h"

namespace yent {

struct CpuOptions {
  int threads = 0;       // 0: one per physical core this process may use
  std::string isa = {};  // a cap ("avx2"); empty: the best this machine has
};

// The backend for a cap: every op takes its best supported kernel at or below it. "ref" gives the
// reference backend. An unknown cap is a usage error, a known one that this machine does not have
// is a run error.
std::unique_ptr<Backend> make_cpu_backend(const CpuOptions& options);

// The CPU backend with the rows of a cap, `ref` included: tests and benchmarks run the plain rows,
// too. Kernels that this machine supports but runs slowly count as supported.
std::unique_ptr<Backend> make_table_backend(Isa cap, int threads);

}  // namespace yent
