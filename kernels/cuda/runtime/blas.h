// cuBLASLt, found at run time: a machine without it, or a run without a GPU, loses nothing.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/cuda/runtime/queue.h"

namespace yent::cuda {

// out [m][n] = x [m][k] weight [n][k]^T + bias + residual, all halves, sums in f32.
struct BlasArgs {
  const void *x, *weight, *bias, *residual;  // bias and residual may be null
  void *out, *workspace;
  int m, n, k, ld_x, ld_weight, ld_residual, ld_out, unused;
};

class Blas {
 public:
  static constexpr size_t kWorkspace = 32 << 20;

  // Null where the library is not to be had.
  static std::unique_ptr<Blas> open(Queue& q);
  virtual ~Blas() = default;
  // False where the library has nothing for this shape; then nothing was launched.
  virtual bool linear(const BlasArgs& args) = 0;
};

}  // namespace yent::cuda
