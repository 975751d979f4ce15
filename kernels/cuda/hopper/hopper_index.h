// The index arithmetic of the Hopper kernels, in plain C++: tiles in shared memory as bulk copies
// write them and wgmma reads them, and the coordinates that both take.
//
// A tile has 64 halves of depth: rows of 128 bytes, swizzled by the copy over 8 rows.
#pragma once

#include "kernels/cuda/index.h"

namespace yent::cuda {

constexpr int kDepth = 64;               // halves
constexpr int kTileRow = 128;            // bytes
constexpr int kSwizzled = 8 * kTileRow;  // bytes; where tiles begin is a multiple of this
constexpr int kDepthChunks = kDepth / 8;

// What wgmma takes for a matrix of rows as above: bits 0 - 13 the address, 16 - 29 the distance
// along a row that is not used with this swizzle, 32 - 45 that of groups of 8 rows, all in units of
// 16 bytes; bits 62, 63: the swizzle over 128 bytes.
constexpr uint64_t matrix_descriptor(uint32_t address) {
  return (address & 0x3ffff) >> 4 | uint64_t{1} << 16 | uint64_t{kSwizzled >> 4} << 32 |
         uint64_t{1} << 62;
}
// Added to a descriptor, moves on by `step` times 16 halves of the same rows.
constexpr uint64_t in_depth_step(int step) { return static_cast<uint64_t>(step) * 2; }

// Sum i of a thread of a warpgroup: 64 rows x any width.
constexpr Place warpgroup_sum(int thread, int i) {
  return {thread / 32 * 16 + thread % 32 / 4 + i / 2 % 2 * 8, i / 4 * 8 + thread % 4 * 2 + i % 2};
}

// ---- The depth: a tile never has values of two K segments

// Column `column` of K segment `segment`, which is column `weight_column` of the weight.
struct DepthTile {
  int segment, column, weight_column;
};

template <class View>
constexpr int depth_tiles(const View& v) {
  int tiles = 0;
  for (int s = 0; s < v.segments(); ++s) tiles += ceil_div(v.chunks(s), kDepthChunks);
  return tiles;
}

template <class View>
constexpr DepthTile depth_tile(const View& v, int tile) {
  DepthTile at{0, 0, 0};
  int before = 0;  // columns of earlier segments
  while (at.segment < v.segments() - 1 && tile >= ceil_div(v.chunks(at.segment), kDepthChunks)) {
    tile -= ceil_div(v.chunks(at.segment), kDepthChunks);
    before += 8 * v.chunks(at.segment++);
  }
  at.column = tile * kDepth;
  at.weight_column = before + at.column;
  return at;
}

template <class View>
constexpr DepthTile next_depth_tile(const View& v, DepthTile at) {
  const int columns = 8 * v.chunks(at.segment);
  if (at.column + kDepth < columns) {
    return {at.segment, at.column + kDepth, at.weight_column + kDepth};
  }
  return {at.segment + 1, 0, at.weight_column - at.column + columns};
}

// ---- Pixels: a bulk copy walks over the corners of the windows of all images, row by row

struct WindowCorner {
  int x, y, image;
};
constexpr WindowCorner window_corner(const ConvView& v, int row) {
  return {row % v.out_w * v.stride - v.pad_left, row / v.out_w % v.out_h * v.stride - v.pad_top,
          row / v.out_w / v.out_h};
}

// The box of all corners, from the first pixel and from the last one.
struct CornerBox {
  int lower_x, lower_y, upper_x, upper_y;
};
constexpr CornerBox corner_box(const ConvView& v) {
  return {-v.pad_left, -v.pad_top, (v.out_w - 1) * v.stride - v.pad_left - (v.w - 1),
          (v.out_h - 1) * v.stride - v.pad_top - (v.h - 1)};
}

// Whether a bulk copy can walk so: its corners have 8 bits, and it cannot repeat pixels.
constexpr bool suits_bulk_copies(const ConvView& v) {
  const CornerBox box = corner_box(v);
  const auto fits = [](int x) { return x >= -128 && x <= 127; };
  return v.upsampled == 0 && v.stride <= 8 && fits(box.lower_x) && fits(box.lower_y) &&
         fits(box.upper_x) && fits(box.upper_y);
}

// ---- Tiles of the result

// Rows x outputs. The config with the least work on the busiest multiprocessor, by a model that was
// not measured on a GPU: a tile costs its area and the bytes that it reads.
constexpr TileConfig choose_hopper_config(int m, int n, int tiles_k, int processors) {
  constexpr TileConfig tiles[] = {{256, 128, 1}, {128, 128, 1}, {256, 64, 1}, {64, 64, 1}};
  TileConfig best = tiles[0];
  int64_t least = INT64_MAX;
  for (const TileConfig& t : tiles) {
    const int64_t blocks = static_cast<int64_t>(ceil_div(m, t.bm)) * ceil_div(n, t.bn);
    for (int slices = 1; slices <= 8 && slices * 4 <= tiles_k + 3; slices *= 2) {
      const int64_t waves = (blocks * slices + processors - 1) / processors;
      const int64_t tile = static_cast<int64_t>(t.bm) * t.bn + 32 * (t.bm + t.bn);
      int64_t k = ceil_div(tiles_k, slices) + 4;  // the pipeline fills and drains
      if (slices > 1) k += 3 * (slices + 1);
      if (slices > 1 && blocks > kMaxSplitTiles) break;
      const int64_t cost = waves * tile * k;
      if (cost < least) least = cost, best = {t.bm, t.bn, slices};
    }
  }
  return best;
}

}  // namespace yent::cuda
