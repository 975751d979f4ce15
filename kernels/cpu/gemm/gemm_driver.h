// Runs any row of any gemm table: cuts the product into tasks, packs panels of A, walks the panels
// of B, and lets the row store finished tiles. One thread sums an output element over all of k in
// an order that only k decides, so results do not depend on the thread count.
#pragma once

#include <functional>
#include <vector>

#include "kernels/cpu/gemm/gemm_weight.h"
#include "kernels/cpu/gemm/output_store.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// The input A of a product: each row is the concatenation of segments, each contiguous somewhere.
struct GemmInput {
  size_t rows = 0;
  std::vector<int> segments = {};  // elements of each
  // sources[s * rows + i] = the address of segment s of row first + i
  std::function<void(size_t first, int rows, const void** sources)> fill_indirection = {};
  const float* scale = nullptr;  // int8: one scale for every `rows_per_scale` rows
  size_t rows_per_scale = 1;
  OutputMap output_map = {};
  // Sixteen rows from a multiple of sixteen on are evenly spaced, and each of their segments is
  // padded with zeros to whole cache lines: a kernel may read them in place.
  bool uniform_stride = false;
};

// Writes the scales of these rows; nothing where the input is not quantized.
void row_scales(const GemmInput& input, size_t row, int rows, float* scales);

// out = input x weight, then the epilogue. Rows are split evenly over the images of `out`.
void multiply(const CpuRun& run, const Tensor& out, const GemmInput& input,
              const GemmWeight& weight, const Epilogue& e);

}  // namespace yent
