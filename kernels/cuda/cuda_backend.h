// The CUDA backend, or the reason why there is none.
#pragma once

#include <memory>
#include <string>

#include "kernels/backend.h"

namespace yent {

// How a precision is computed on a GPU: f16 by tensor cores on halves, the default; bf16 likewise
// on activations kept in f32; int8 by tensor cores on int8 values; f32 in f32 throughout, slowly.
// Sums and statistics are always f32 (int32 for int8). q8_0 weights of an f32 or f16 linear are
// kept as q8_0.
//
// Linears and convolutions in f16 can also be computed by the instructions that Hopper alone has,
// wgmma on tiles from bulk tensor copies. No GPU has measured these yet: a caller must name them.
enum class Products { mma, wgmma };

struct CudaOptions {
  int device = 0;
  bool blas = true;  // cuBLASLt may serve plain linears, where it is installed
  Products products = Products::mma;
};

// Null when this build or this machine cannot; then `reason` is one sentence without a full
// stop ("no NVIDIA GPU answers").
std::unique_ptr<Backend> make_cuda_backend(const CudaOptions& options, std::string& reason);

// How many GPUs answer.
int cuda_devices();

}  // namespace yent
