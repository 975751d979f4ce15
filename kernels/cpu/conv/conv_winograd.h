// 3x3 convolutions by Winograd's algorithm (winograd.h): blocks of tiles of the image, each
// transformed once; for each panel of the weight, chunk of channels by chunk, U is made of the
// packed weight and 36 products are added up. U is never stored as a whole, so a weight is no
// larger than for the direct way.
#pragma once

#include "kernels/cpu/conv/conv_weight.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// How the channels of a weight are cut. None where the kernel has no Winograd row.
WinogradCuts cut_winograd(const GemmWeight& weight, int threads);

// Whether it is faster than the direct way; both give the same bits.
bool suits_winograd(const Shape& in, const CpuConvWeight& w, const ConvGeom& g);

// `image` is in the layout of a convolution's input, `out` as large, the window in its middle.
void convolve_winograd(const CpuRun& run, const Tensor& out, const Tensor& image,
                       const CpuConvWeight& w, const Epilogue& e);

}  // namespace yent
