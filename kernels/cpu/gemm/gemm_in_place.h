// Products by kernels that read A in place (reads_in_place() of gemm.h), without panels of A.
#pragma once

#include "kernels/cpu/gemm/gemm_driver.h"

namespace yent {

void multiply_in_place(const CpuRun& run, const Tensor& out, const GemmInput& input,
                       const GemmWeight& weight, const Epilogue& e);

// Single-threaded variant for callers that produce A in row blocks and multiply each while it is in
// the second-level cache. Needs in_place_bytes() of scratch. The input's rows are those of `out`
// from `first` on, all of one image.
size_t in_place_bytes(const GemmInput& input, const GemmWeight& weight);
void multiply_in_place(std::byte* scratch, const Tensor& out, size_t first, const GemmInput& input,
                       const GemmWeight& weight, const Epilogue& e);

}  // namespace yent
