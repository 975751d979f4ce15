// Linear layers of any number of rows.
#pragma once

#include "kernels/cpu/gemm/gemm_weight.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// `per_tensor`: int8 inputs share one scale (LinearWeight::per_tensor).
void linear_rows(const CpuRun& run, const Tensor& out, const ConcatView& x,
                 const GemmWeight& weight, bool per_tensor, const Epilogue& e);

// `out` is the first columns of x: blocks of rows are copied, in the kernel's layout, before their
// results are written. int8 inputs have a scale for each row.
void linear_over_input(const CpuRun& run, const Tensor& out, const Tensor& x,
                       const GemmWeight& weight, const Epilogue& e);

}  // namespace yent
