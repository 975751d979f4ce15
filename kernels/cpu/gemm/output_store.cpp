#include "kernels/cpu/gemm/output_store.h"

#include <algorithm>

#include "kernels/cpu/layout/layout.h"

namespace yent {

void OutputStore::slice_tile(const Sums& sums, int first_row, TileSlice* slice) const {
  const Gemm& g = *weight.kernel;
  const int column = e.gated ? sums.column / 2 : sums.column;
  const size_t row = sums.row + first_row, place = output_map.at(row);
  const size_t left = output_map.line ? output_map.line - row % output_map.line : sums.rows;
  GemmTile& t = slice->tile;
  t = {};
  t.sums = static_cast<const float*>(sums.data) + static_cast<size_t>(first_row) * g.nr;
  t.rows = static_cast<int>(std::min<size_t>(sums.rows - first_row, left));
  t.columns = std::min(g.nr, weight.columns - sums.column);
  t.out = out.cols(column, 1).slice(place, 1).data;
  t.out_type = element(out.dtype);
  t.out_ld = out.ld * output_map.step;
  t.non_temporal = non_temporal;
  t.prefetch = g.mr;
  t.bias = weight.bias.data() + sums.column;
  if (e.residual) {
    t.residual = e.residual.cols(column, 1).slice(place, 1).data;
    t.residual_type = element(e.residual.dtype);
    t.residual_ld = e.residual.ld * output_map.step;
  }
  if (sums.scale) {
    t.row_scale = sums.scale + first_row;
    t.column_scale = weight.column_scale.data() + sums.column;
  }
  static constexpr int32_t zeros[max_tile_rows] = {};
  if (!weight.compensation.empty()) {
    t.compensation = compensates ? weight.compensation.data() + sums.column : zeros;
  }
  t.fn = e.fn;
  t.gated = e.gated;
  if (!e.row_bias) return;
  size_t image = row / image_rows, end = (image + 1) * image_rows;
  for (int i = 0; i < t.rows; ++i) {
    if (row + i == end) ++image, end += image_rows;
    slice->row_bias[i] = e.row_bias.row<float>(image) + column;
  }
  t.row_bias = slice->row_bias;
}

void OutputStore::store(const Sums& sums) const {
  TileSlice slice;
  for (int done = 0; done < sums.rows; done += slice.tile.rows) {
    slice_tile(sums, done, &slice);
    weight.kernel->store_tile(slice.tile);
  }
}

}  // namespace yent
