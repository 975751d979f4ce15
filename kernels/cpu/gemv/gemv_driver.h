// Linears of few rows, such as decoding, on weights that stay quantized: reading the weights is
// what takes time.
#pragma once

#include "kernels/cpu/gemm/gemm_weight.h"
#include "kernels/cpu/gemv/gemv_weight.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// With more rows, expanding panels for the gemm kernels is faster.
constexpr size_t max_gemv_rows = 7;

// `x` is f32; `gemm` holds the weight's bias and its number of columns.
void gemv_rows(const CpuRun& run, const Tensor& out, const Tensor& x, const GemvWeight& weight,
               const GemmWeight& gemm, const Epilogue& e);

}  // namespace yent
