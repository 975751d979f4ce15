// A convolution of what a group norm gives, in bands of lines: a thread normalizes a band, with the
// lines next to it, into memory of its own, and multiplies it while it lies in the second-level
// cache. The normalized image is never stored as a whole.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/gemm_driver.h"
#include "kernels/cpu/vec.h"

namespace yent {

// Whether it pays: a 3x3 convolution that keeps the size, on rows that are multiplied in place,
// of an image too large to stay in that cache anyway.
bool suits_bands(const Shape& in, const ConvW& w, const ConvGeom& g, const Gemm& kernel);

void conv_bands(Arena& arena, int threads, const Vec& vec, Tensor out, const Cat& x,
                const Prologue& p, Precision precision, const GemmWeight& weight,
                const Epilogue& e);

}  // namespace yent
