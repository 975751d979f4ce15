// Ops that go row by row and need no kernel of their own, on threads.
#pragma once

#include <span>

#include "kernels/backend.h"
#include "kernels/cpu/gemv/gemv_q8.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// Rows of a table chosen by an i32 index each.
struct Lookup {
  Tensor table, index;
};

// These are the ops of Backend; arguments are checked by the caller.
void rope(const CpuRun& run, const Tensor& x, const Lookup& angles, int head_width,
          bool interleaved);
void store_rows(const CpuRun& run, const Tensor& cache, const Tensor& x, const Tensor& positions);
// Tables of q8_0 are read by `gemv`, those of block formats by blocks.h. `positions.table` may be
// empty.
void embed(const CpuRun& run, const GemvQ8& gemv, const Tensor& out, const Lookup& tokens,
           const Lookup& positions);
void linear_combination(const CpuRun& run, const Tensor& out, std::span<const Tensor> terms,
                        const Tensor& coefficients);

}  // namespace yent
