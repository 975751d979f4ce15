// Runs linears and convolutions as matrix products: copies an input that the tensor cores cannot
// read in place, chooses the tiles, and chooses between our kernels and cuBLASLt.
#pragma once

#include "kernels/backend.h"
#include "kernels/cuda/runtime/blas.h"
#include "kernels/cuda/runtime/queue.h"

namespace yent::cuda {

// Shapes and types have been checked by the caller. `blas` may be null.
void multiply(Queue& q, Blas* blas, Arena& arena, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e);
void convolve(Queue& q, Arena& arena, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
              const Epilogue& e);

}  // namespace yent::cuda
