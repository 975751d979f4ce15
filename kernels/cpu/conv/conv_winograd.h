// 3x3 convolutions by Winograd's algorithm (winograd.h): blocks of tiles of the image, each
// transformed once; for each panel of the weight, chunk of channels by chunk, U is made of the
// packed weight and 36 products are added up. U is never stored as a whole, so a weight is no
// larger than for the direct way.
#pragma once

#include "kernels/cpu/conv/conv_weight.h"
#include "kernels/cpu/gemm/output_store.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// How the channels of a weight are cut. Without a kernel where it cannot be used.
WinogradCuts cut_winograd(const Winograd& kernel, const GemmWeight& weight, int threads);

// Whether it is faster than the direct way for results of this size.
bool suits_winograd(const Shape& grid, const GemmWeight& weight, const WinogradCuts& cuts);

// Each result sees the square of taps whose upper left one lies at (top, left) from it. There are
// as many results as pixels of the image, which is in the layout of a convolution's input.
struct WinogradInput {
  Tensor image;
  int top, left;
  OutputMap output_map = {};
};

void convolve_winograd(const CpuRun& run, const Tensor& out, const WinogradInput& input,
                       const GemmWeight& weight, const WinogradCuts& cuts, const Epilogue& e);

}  // namespace yent
