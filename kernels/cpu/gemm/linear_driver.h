// Linear layers of any number of rows.
#pragma once

#include "kernels/cpu/gemm/gemm_weight.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// `per_tensor`: int8 inputs share one scale (LinearWeight::per_tensor).
void linear_rows(const CpuRun& run, const Tensor& out, const ConcatView& x,
                 const GemmWeight& weight, bool per_tensor, const Epilogue& e);

}  // namespace yent
