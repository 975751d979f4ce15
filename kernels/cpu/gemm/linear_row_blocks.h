// A linear whose input lies otherwise than its rows are multiplied: a thread converts a band of
// them into memory of its own and multiplies it while it lies in the second-level cache.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm_driver.h"
#include "kernels/cpu/rowwise/row_kernels.h"

namespace yent {

// Whether there are bands for all threads, of rows that are multiplied in place.
bool suits_row_blocks(const ConcatView& x, const LinearWeight& w, const Gemm& kernel, int threads);

void linear_row_blocks(Arena& arena, int threads, const RowKernels& row_kernels, Tensor out,
                       const ConcatView& x, Precision precision, const GemmWeight& weight,
                       const Epilogue& e);

}  // namespace yent
