// From the sums of a matrix product to stored outputs: finds for each tile where its rows go, and
// what its scales, bias and epilogue are.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm_weight.h"

namespace yent {

constexpr int max_tile_rows = 64;  // mr or nr of any row of any table

// Where output rows go when they are not consecutive: runs of `line` rows, `step` apart. The first
// run begins at `first`, the next ones `line_step` further each. Residuals lie the same way.
struct OutputMap {
  size_t line = 0, line_step = 0, step = 1, first = 0;  // line 0: consecutive rows

  size_t at(size_t row) const {
    return line ? row / line * line_step + row % line * step + first : row;
  }
};

// The sums of one tile: `rows` x nr, for rows from `row` on and columns of the weight from `column`
// on.
struct Sums {
  const void* data;
  size_t row;
  int rows, column;
  const float* scale = nullptr;  // int8: the scale of each row
};

struct OutputStore {
  Tensor out;
  const OutputMap& output_map;
  const GemmWeight& weight;
  const Epilogue& e;
  size_t image_rows;          // rows that share a row of e.row_bias
  bool non_temporal = false;  // the output leaves the caches before it is read
  bool compensates = true;    // the sums hold what GemmTile::compensation subtracts, if any

  // The part of a tile whose rows are evenly spaced in the output, ready for Gemm::store_tile.
  struct TileSlice {
    GemmTile tile;
    const float* row_bias[max_tile_rows];
  };
  // The slice that begins at `first_row` of the tile. `slice` must not move: its tile points into
  // it.
  void slice_tile(const Sums& sums, int first_row, TileSlice* slice) const;
  void store(const Sums& sums) const;
};

}  // namespace yent
