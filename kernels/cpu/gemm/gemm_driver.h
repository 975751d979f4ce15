// Runs any row of any gemm table: cuts the product into tasks, stages panels of A, walks the
// panels of B, and lets the row store finished tiles. One thread sums an output element over
// all of k in an order that only k decides, so results do not depend on the thread count.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm.h"

namespace yent {

// The weight: `columns` x `k` in panels of the row that packed it, all of k per panel.
struct GemmWeight {
  const Gemm* kernel = nullptr;
  int columns = 0, k = 0;  // k with every stretch filled up
  const std::byte* panels = nullptr;
  std::shared_ptr<std::byte> memory = {};  // theirs
  std::vector<float> bias = {};            // filled up to whole panels
  std::vector<float> column_scale = {};    // the same; int8 only
  std::vector<int32_t> compensation = {};  // the same; GemmTile::excess, where there is one
  // Where the weight is kept in another form: makes depth [k0, k0 + depth) of a panel, both
  // multiples of `expand_granule` but at the end of k; `room` is for as much again.
  std::function<void(float* to, float* room, size_t panel, size_t k0, size_t depth)> expand = {};
  int expand_granule = 1;
};

// Where output rows go when they are not one behind the other: `line` of them `step` apart from
// `first`, the next line `line_step` further. Residuals lie the same way.
struct OutputMap {
  size_t line = 0, line_step = 0, step = 1, first = 0;  // line 0: one behind the other

  size_t at(size_t row) const {
    return line ? row / line * line_step + row % line * step + first : row;
  }
};

// The input: row r is the concatenation of stretches, each contiguous somewhere.
struct GemmInput {
  std::vector<int> segments = {};  // elements of each
  // sources[s * rows + i] = where stretch s of row first + i begins
  std::function<void(size_t first, int rows, const void** sources)> fill_indirection = {};
  const float* scale = nullptr;  // int8: what a code is worth, one for every
  size_t rows_per_scale = 1;     // so many rows
  OutputMap output_map = {};
  // Sixteen rows from a multiple of sixteen are evenly spaced and each stretch of them is filled
  // up with zeros to whole cache lines: a kernel may read them in place.
  bool uniform_stride = false;
};

constexpr int max_tile_rows = 64;  // mr or nr of any row of any table

// What a code of each of these rows is worth; nothing where the input is no codes.
void row_scales(const GemmInput& input, size_t row, int rows, float* scales);

// The sums of one tile: `rows` x nr, for rows from `row` and columns of the weight from `column`.
struct Sums {
  const void* data;
  size_t row;
  int rows, column;
  const float* scale = nullptr;  // int8: of each row
};

// What a product's sums become: scales, bias, epilogue. `image_rows` rows share a row of
// e.row_bias.
struct OutputStore {
  Tensor out;
  const OutputMap& output_map;
  const GemmWeight& weight;
  const Epilogue& e;
  size_t image_rows;
  bool non_temporal = false;  // nobody will read it before it has left the caches

  // As much of a tile as lies on one line, ready for Gemm::finish.
  struct TileSlice {
    GemmTile tile;
    const float* row_bias[max_tile_rows];
  };
  // The piece must stay where it is: its tile points into it.
  void slice_tile(const Sums& sums, int first_row, TileSlice* piece) const;
  void store(const Sums& sums) const;
};

// out = input x weight for `rows` rows, then the epilogue. The second serves rows that read A in
// place.
void multiply(Arena& arena, int threads, Tensor out, size_t rows, const GemmInput& input,
              const GemmWeight& weight, const Epilogue& e, size_t image_rows);
void multiply_in_place(Arena& arena, int threads, Tensor out, size_t rows, const GemmInput& input,
                       const GemmWeight& weight, const Epilogue& e, size_t image_rows);
// The same on the caller's thread alone, in so many bytes of scratch: for who makes A band by band
// and multiplies it while it is near. The input's rows are those of `out` from `first` on, all of
// one image.
size_t in_place_bytes(size_t rows, const GemmInput& input, const GemmWeight& weight);
void multiply_in_place(std::byte* scratch, const Tensor& out, size_t first, size_t rows,
                       const GemmInput& input, const GemmWeight& weight, const Epilogue& e);

}  // namespace yent
