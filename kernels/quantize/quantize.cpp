#include "kernels/quantize/quantize.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "kernels/integers.h"
#include "kernels/quantize/grid_formulas.h"
#include "kernels/quantize/quant_error.h"

namespace yent {
namespace {

// The magnitude with the last level.
float clip_magnitude(const QuantGrid& g, const GroupFacts& f, const std::vector<float>& group) {
  if (g.clip_abs > 0) return g.clip_abs;
  if (g.clip >= 100) return std::max(-f.least, f.greatest);
  std::vector<float> sorted(group.size());
  std::transform(group.begin(), group.end(), sorted.begin(), magnitude_of);
  const auto at = sorted.begin() + (clip_rank(f.count, g.clip) - 1);
  std::nth_element(sorted.begin(), at, sorted.end());
  return *at;
}

// What ternary and binary codebooks read.
void add_magnitudes(Codebook codebook, const std::vector<float>& group, GroupFacts& f) {
  for (const float v : group) f.magnitudes += fixed(v, f.clipped);
  if (codebook != Codebook::ternary) return;
  const float threshold = ternary_threshold(f);
  for (const float v : group) {
    if (!(magnitude_of(v) > threshold)) continue;
    f.large += fixed(v, f.clipped);
    ++f.large_count;
  }
}

int kmeans_table(int bits, float a, const std::vector<float>& group, float* levels) {
  std::vector<int> histogram(kBins);
  for (const float v : group) ++histogram[bin_of(v, a)];
  std::vector<int> bins, counts;
  for (int i = 0; i < kBins; ++i) {
    if (histogram[i] == 0) continue;
    bins.push_back(i);
    counts.push_back(histogram[i]);
  }
  double centres[kMostLevels];
  const Bins seen{bins.data(), counts.data(), static_cast<int>(bins.size())};
  return kmeans_levels(bits, a, seen, centres, levels);
}

// Returns false where the numbers are to stay as they are.
bool grid_of(const QuantGrid& g, const std::vector<float>& group, GroupGrid& s, float* levels) {
  if (group.empty()) return false;
  GroupFacts f{.least = group[0], .greatest = group[0], .count = std::ssize(group)};
  for (const float v : group) {
    if (!std::isfinite(v)) return false;
    f.least = std::min(f.least, v);
    f.greatest = std::max(f.greatest, v);
  }
  f.clipped = clip_magnitude(g, f, group);
  if (!(f.clipped >= 1e-37f)) return true;  // s.scale is 0
  if (g.codebook == Codebook::ternary || g.codebook == Codebook::binary) {
    add_magnitudes(g.codebook, group, f);
  }
  s = group_grid(g, f);
  if (g.codebook == Codebook::log) s.levels = log_levels(g.bits, f.clipped, levels);
  if (g.codebook == Codebook::kmeans) s.levels = kmeans_table(g.bits, f.clipped, group, levels);
  return true;
}

}  // namespace

GroupSplit::GroupSplit(const QuantGrid& grid, const QuantRows& x) {
  const bool tensor = grid.sharing == Sharing::tensor, image = grid.sharing == Sharing::image;
  rows = std::max<size_t>(tensor ? x.rows : image ? x.image_rows : 1, 1);
  columns = grid.sharing == Sharing::group ? static_cast<size_t>(grid.group) : x.columns;
  columns = std::clamp<size_t>(columns, 1, std::max<size_t>(x.columns, 1));
  row_groups = ceil_div(x.rows, rows);
  column_groups = ceil_div(x.columns, columns);
}

namespace {

// Calls use(value, its index among all, grid, levels) for the numbers of a group that has a grid.
template <class Use>
void for_group(const QuantGrid& grid, const QuantRows& x, const GroupSplit& split, size_t index,
               const Use& use) {
  const size_t row = index / split.column_groups * split.rows;
  const size_t column = index % split.column_groups * split.columns;
  const size_t rows = std::min(split.rows, x.rows - row);
  const size_t columns = std::min(split.columns, x.columns - column);
  std::vector<float> group;
  group.reserve(rows * columns);
  for (size_t r = row; r < row + rows; ++r) {
    const float* from = x.values + r * x.ld + column;
    group.insert(group.end(), from, from + columns);
  }
  float levels[kMostLevels];
  GroupGrid s;
  if (!grid_of(grid, group, s, levels)) return;
  for (size_t r = row; r < row + rows; ++r) {
    float* v = x.values + r * x.ld;
    for (size_t c = column; c < column + columns; ++c) use(v[c], r * x.columns + c, s, levels);
  }
}

}  // namespace

void quantize_group(const QuantGrid& grid, const QuantRows& x, const GroupSplit& split,
                    size_t index) {
  for_group(grid, x, split, index,
            [&](float& v, size_t i, const GroupGrid& s, const float* levels) {
              v = quantized(grid, s, levels, v, i);
            });
}

void quantize_rows(const QuantGrid& grid, const QuantRows& x) {
  const GroupSplit split(grid, x);
  for (size_t i = 0; i < split.count(); ++i) quantize_group(grid, x, split, i);
}

int code_count(const QuantGrid& grid) {
  switch (grid.codebook) {
    case Codebook::linear:
      return grid.affine ? 1 << grid.bits : (1 << grid.bits) - 1;
    case Codebook::log:
      return (1 << grid.bits) - 1;
    case Codebook::kmeans:
      return 1 << grid.bits;
    case Codebook::ternary:
      return 3;
    case Codebook::binary:
      return 2;
  }
  return 0;
}

std::vector<int64_t> code_histogram(const QuantGrid& grid, const QuantRows& x) {
  std::vector<int64_t> histogram(code_count(grid));
  const GroupSplit split(grid, x);
  for (size_t group = 0; group < split.count(); ++group) {
    for_group(grid, x, split, group,
              [&](float v, size_t i, const GroupGrid& s, const float* levels) {
                if (s.scale >= 1e-37f) ++histogram[code_of(grid, s, levels, v, i)];
              });
  }
  return histogram;
}

}  // namespace yent
