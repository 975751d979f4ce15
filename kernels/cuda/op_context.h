// What every op of the CUDA backend needs besides its tensors.
#pragma once

#include "kernels/backend.h"
#include "kernels/cuda/runtime/blas.h"
#include "kernels/cuda/runtime/queue.h"

namespace yent::cuda {

// Made for one op; owns nothing.
struct OpContext {
  Queue& queue;
  Arena& arena;
  Blas* blas = nullptr;    // null: without cuBLASLt
  bool hopper = false;     // products in f16 by wgmma
  int* arrived = nullptr;  // GemmArgs::arrived
};

}  // namespace yent::cuda
