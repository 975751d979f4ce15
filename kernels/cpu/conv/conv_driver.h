// 3x3 convolutions as matrix products: a row of A is the pixels under a window, one segment of k
// for each tap.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// `w` was packed by the CPU backend.
void convolve(const CpuRun& run, const Tensor& out, const Tensor& x, const ConvWeight& w,
              const ConvGeom& g, const Epilogue& e);

}  // namespace yent
