// cuBLASLt, loaded at run time if it is installed; the program starts without it.
#pragma once

#include <cstdint>
#include <memory>

#include "kernels/cuda/runtime/queue.h"

namespace yent::cuda {

// out [m][n] = x [m][k] weight [n][k]^T + bias + residual, all halves, sums in f32.
struct BlasArgs {
  const void *x, *weight, *bias, *residual;  // bias and residual may be null
  void *out, *workspace;
  int m, n, k, ld_x, ld_weight, ld_residual, ld_out, unused = 0;
};

class Blas {
 public:
  static constexpr size_t kWorkspace = 32 << 20;

  // Null if the library is not installed.
  static std::unique_ptr<Blas> open(Queue& q);
  virtual ~Blas() = default;
  // False if the library has no algorithm for this shape; then nothing was launched.
  virtual bool linear(const BlasArgs& args) = 0;
};

}  // namespace yent::cuda
