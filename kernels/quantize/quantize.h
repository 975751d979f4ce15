// Rounding of f32 numbers in host memory to their grids, for weights and for the CPU's op.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/quantize/quant_grid.h"
#include "kernels/tensor.h"

namespace yent {

// Rows of numbers, and the rows of one image of them.
struct QuantRows {
  float* values;
  size_t rows, columns, ld, image_rows;
};

inline QuantRows quant_rows(const Tensor& f32) {
  return {f32.row<float>(0), f32.rows(), static_cast<size_t>(f32.shape.c),
          static_cast<size_t>(f32.ld), f32.rows() / f32.shape.n};
}

// Which numbers share a scale: groups of rows x columns, those at the ends smaller.
struct GroupSplit {
  size_t rows, columns, row_groups, column_groups;

  GroupSplit(const QuantGrid& grid, const QuantRows& x);
  size_t count() const { return row_groups * column_groups; }
};

// Rounds the numbers of one group, in place. Groups may be done in any order and by several
// threads.
void quantize_group(const QuantGrid& grid, const QuantRows& x, const GroupSplit& split,
                    size_t group);

// All of them.
void quantize_rows(const QuantGrid& grid, const QuantRows& x);

}  // namespace yent
