// Runs linears and convolutions as matrix products: copies an input that the tensor cores cannot
// read in place, chooses the tiles, and chooses between our kernels and cuBLASLt.
#pragma once

#include "kernels/cuda/op_context.h"

namespace yent::cuda {

// Shapes and types have been checked by the caller.
void multiply(const OpContext& op, Tensor out, ConcatView x, const LinearWeight& w,
              const Epilogue& e);
void convolve(const OpContext& op, Tensor out, Tensor x, const ConvWeight& w, const ConvGeom& g,
              const Epilogue& e);

}  // namespace yent::cuda
