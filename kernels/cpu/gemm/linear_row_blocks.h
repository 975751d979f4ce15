// A linear layer whose input is not in the kernel's layout: each thread converts a block of rows
// into scratch of its own and multiplies it while it is in the second-level cache.
#pragma once

#include "kernels/cpu/gemm/gemm_weight.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// Whether the kernel reads A in place and there are row blocks for all threads. int8 inputs get a
// scale per row, so a weight with one scale per tensor cannot be run this way.
bool suits_linear_row_blocks(const ConcatView& x, const Gemm& kernel, int threads);

void linear_row_blocks(const CpuRun& run, const Tensor& out, const ConcatView& x,
                       const GemmWeight& weight, const Epilogue& e);

}  // namespace yent
