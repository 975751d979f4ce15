// Ops that go row by row and need no kernel of their own, on threads.
#pragma once

#include <span>

#include "kernels/backend.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// Expands one row of q8_0 blocks to f32: GemvQ8::expand.
using ExpandQ8 = void (*)(float* to, const unsigned char* blocks, int k);

// These are the ops of Backend; the caller has checked the arguments.
void rope(const CpuRun& run, const Tensor& x, const Lookup& angles, const RopeSpec& s);
void store_rows(const CpuRun& run, const Tensor& cache, const Tensor& x, const Tensor& positions);
// The tables are f32, q8_0 or of a block format.
void embed(const CpuRun& run, ExpandQ8 expand_q8, const Tensor& out,
           std::span<const Lookup> lookups);
void linear_combination(const CpuRun& run, const Tensor& out, std::span<const Tensor> terms,
                        const Tensor& coefficients, bool rectified);
void quantize(const CpuRun& run, const Tensor& out, const ConcatView& x, const QuantGrid& grid,
              const QuantMix& mix);

}  // namespace yent
