// A convolution of what a group norm gives, in row blocks: each thread normalizes some lines of the
// image, with the line above and below, into scratch of its own and multiplies them while they are
// in the second-level cache. The normalized image is never stored as a whole.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// Whether it pays: a 3x3 convolution that keeps the size, by a kernel that reads A in place, of an
// image too large to stay in the caches otherwise.
bool suits_conv_row_blocks(const Shape& in, const ConvWeight& w, const ConvGeom& g,
                           const Gemm& kernel);

// `w` was packed by the CPU backend.
void conv_row_blocks(const CpuRun& run, const Tensor& out, const ConcatView& x, const Prologue& p,
                     const ConvWeight& w, const Epilogue& e);

}  // namespace yent
