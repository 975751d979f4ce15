// A convolution of what a group norm gives, in bands of lines: a thread normalizes a band, with the
// lines next to it, into memory of its own, and multiplies it while it lies in the second-level
// cache. The normalized image is never stored as a whole.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm_driver.h"
#include "kernels/cpu/rowwise/row_kernels.h"

namespace yent {

// Whether it pays: a 3x3 convolution that keeps the size, on rows that are multiplied in place,
// of an image too large to stay in that cache anyway.
bool suits_row_blocks(const Shape& in, const ConvWeight& w, const ConvGeom& g, const Gemm& kernel);

void conv_row_blocks(Arena& arena, int threads, const RowKernels& row_kernels, Tensor out,
                     const ConcatView& x, const Prologue& p, Precision precision,
                     const GemmWeight& weight, const Epilogue& e);

}  // namespace yent
