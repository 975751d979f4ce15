// A convolution of what a group norm gives, in bands of the image: all threads normalize some
// lines, with the line above and below, then all convolve them. The normalized image is never
// stored as a whole. For kernels that do not read A in place; see conv_row_blocks.h for those that
// do.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// Whether it pays: a 3x3 convolution that keeps the size, in int8 or bf16, of an image too large to
// stay in the caches.
bool suits_conv_bands(const Shape& in, const ConvWeight& w, const ConvGeom& g, const Gemm& kernel);

// `w` was packed by the CPU backend.
void conv_bands(const CpuRun& run, const Tensor& out, const ConcatView& x, const Prologue& p,
                const ConvWeight& w, const Epilogue& e);

}  // namespace yent
