#include "kernels/backend.h"

#include "kernels/error.h"

namespace yent {

std::unique_ptr<Backend> Backend::exact_twin() const {
  throw usage_error("the policy is exact: it needs a CPU with AVX2 or NEON, not {} {}", device(),
                    isa());
}

}  // namespace yent
