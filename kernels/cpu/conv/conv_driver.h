// 3x3 convolutions as matrix products: a row of A is the pixels under a window, one segment of k
// for each tap.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// `w` was packed by the CPU backend.
void convolve(const CpuRun& run, const Tensor& out, const Tensor& x, const ConvWeight& w,
              const ConvGeom& g, const Epilogue& e);

// The same of a piece of an image of shape `whole`, in the way, direct or Winograd's, that is
// chosen for all of it: what is not int8 has other bits in the other way.
void convolve_piece(const CpuRun& run, const Tensor& out, const Tensor& x, const Shape& whole,
                    const ConvWeight& w, const Epilogue& e);

}  // namespace yent
