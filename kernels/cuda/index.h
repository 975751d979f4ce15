// The index arithmetic of the CUDA kernels, in plain C++. The kernels and the interpreter in
// tests/support/cuda/cuda_interpreter.h call the same functions, so that tests can show without a
// GPU that every element is read and written exactly once.
//
// The unit is the chunk: 16 bytes (8 halves or 16 int8 values), moved by one cp.async.
#pragma once

#include <cstddef>
#include <cstdint>

namespace yent::cuda {

constexpr int ceil_div(int a, int b) { return (a + b - 1) / b; }
constexpr int round_up(int a, int b) { return ceil_div(a, b) * b; }

// ---- Tiles in shared memory -------------------------------------------------------------

// A row of a GEMM tile: 4 chunks, 64 bytes, two steps of mma.sync.
constexpr int kTileChunks = 4;

// The place of a chunk within its row of the tile. Two rows share the 32 banks; with this swizzle
// the 8 rows that one ldmatrix phase reads use different banks.
constexpr int swizzle(int row, int chunk) { return chunk ^ (row >> 1 & 3); }
constexpr int tile_chunk(int row, int chunk) { return row * kTileChunks + swizzle(row, chunk); }
// XORed with the place of a chunk of the first step, this gives the place of the chunk in `step`.
// It saves the register of a second address.
constexpr int in_step(int step) { return 2 * step; }

// Attention tiles have rows as wide as the head, unswizzled: an odd number of chunks from row to
// row visits all bank groups.
constexpr int padded_chunks(int chunks) { return chunks | 1; }

// ---- Fragments of mma.sync: the elements in register i of a lane
// ---------------------------------

struct Place {
  int row, column;
  constexpr bool operator==(const Place&) const = default;
};

// A, 16 x 16 halves (16 x 32 int8 values): four registers. Columns count registers: each holds two
// neighbours (four int8 values).
constexpr Place fragment_a(int lane, int i) { return {lane / 4 + i % 2 * 8, lane % 4 + i / 2 * 4}; }
// B, 8 columns x 16 deep: two registers. `row` is the column of the result.
constexpr Place fragment_b(int lane, int i) { return {lane / 4, lane % 4 + i * 4}; }
// Sums, 16 x 8: four registers of one number.
constexpr Place fragment_sum(int lane, int i) {
  return {lane / 4 + i / 2 * 8, lane % 4 * 2 + i % 2};
}

// The row and chunk whose address a lane gives to ldmatrix.x4, within the fragment.
// A: 16 rows x 2 chunks, into registers 0 .. 3.
constexpr Place ldmatrix_a(int lane) { return {lane % 16, lane / 16}; }
// B, columns stored as rows: 16 columns x 2 chunks; registers 0, 1 are the first 8 columns'.
constexpr Place ldmatrix_b(int lane) { return {lane / 16 * 8 + lane % 8, lane / 8 % 2}; }
// Half a step deep: 32 columns x 1 chunk, register i is the first of columns 8 i .. 8 i + 7.
constexpr Place ldmatrix_b_half(int lane) { return {lane, 0}; }
// B stored row by row, transposed by the load: 16 deep x 2 chunks of 8 columns.
constexpr Place ldmatrix_transposed(int lane) { return {lane % 16, lane / 16}; }

// ---- The chunks that a thread copies
// -------------------------------------------------------------------

// Chunk i of `thread` in a tile of rows x kTileChunks. A row past the tile: nothing to copy.
constexpr Place copied_chunk(int thread, int threads, int i) {
  const int at = i * threads + thread;
  return {at / kTileChunks, at % kTileChunks};
}
constexpr int copies(int rows, int threads) { return ceil_div(rows * kTileChunks, threads); }

// Chunk i of a tile of attention. Eight neighbours in i write to different banks: chunks of one
// row, and where fewer than eight are left of a row, these of 8 / left rows that are `left` rows
// apart. Rows of an odd number of chunks follow each other without a gap.
constexpr Place attention_chunk(int chunks, int i) {
  const int left = chunks % 8, whole = chunks - left;
  if (left != 2 && left != 4) return {i / chunks, i % chunks};
  const int first = i / (8 * chunks) * 8, at = i % (8 * chunks), rest = at - 8 * whole;
  if (rest < 0) return {first + at / whole, at % whole};
  return {first + rest / 8 + rest % 8 / left * left, whole + rest % left};
}

// ---- The rows of A -----------------------------------------------------------------------

// A position along k: chunk `chunk` of K segment `segment` (a tap, or one part of a ConcatView).
struct Walk {
  int segment, chunk;
};

// A as the rows of one matrix or of two side by side.
struct LinearView {
  int rows;
  int chunks_a, chunks_b;  // of the two parts; the second may be 0
  int ld_a, ld_b;          // chunks from row to row

  constexpr int segments() const { return 2; }
  constexpr int chunks(int segment) const { return segment == 0 ? chunks_a : chunks_b; }
  constexpr int total() const { return chunks_a + chunks_b; }
};

// A as the 3x3 windows of an image, one row per output pixel.
struct ConvView {
  int images, h, w;  // of the input
  int out_h, out_w;  // of the output
  int channel_chunks;
  int ld;  // chunks from pixel to pixel
  int stride, pad_top, pad_left;
  int upsampled;  // 0: no; 1: exactly twice; 2: to any size, nearest

  constexpr int segments() const { return 9; }
  constexpr int chunks(int) const { return channel_chunks; }
  constexpr int total() const { return 9 * channel_chunks; }
  constexpr int rows() const { return images * out_h * out_w; }
};

template <class View>
constexpr Walk walk_to(const View& v, int chunk) {
  Walk at{0, chunk};
  while (at.segment < v.segments() && at.chunk >= v.chunks(at.segment)) {
    at.chunk -= v.chunks(at.segment++);
  }
  return at;
}

// Moves on by `by` chunks. Past the last segment the walk has ended.
template <class View>
constexpr Walk advance(const View& v, Walk at, int by) {
  at.chunk += by;
  while (at.segment < v.segments() && at.chunk >= v.chunks(at.segment)) {
    at.chunk -= v.chunks(at.segment++);
  }
  return at;
}

// Of an output pixel: the first input pixel of its image, and the upper left corner of its window.
struct Corner {
  int first, y, x;  // first < 0: past the last output pixel
};

constexpr Corner corner_of(const ConvView& v, int row) {
  if (row >= v.rows()) return {-1, 0, 0};
  const int column = row % v.out_w, out_row = row / v.out_w;
  return {out_row / v.out_h * v.h * v.w, out_row % v.out_h * v.stride - v.pad_top,
          column * v.stride - v.pad_left};
}

// The input pixel under a tap, or -1 for one of the padding.
constexpr int pixel_of(const ConvView& v, const Corner& c, int tap) {
  int y = c.y + tap / 3, x = c.x + tap % 3;
  const int seen_h = v.upsampled ? v.out_h : v.h, seen_w = v.upsampled ? v.out_w : v.w;
  if (c.first < 0 || y < 0 || y >= seen_h || x < 0 || x >= seen_w) return -1;
  if (v.upsampled == 1) {
    y >>= 1, x >>= 1;
  } else if (v.upsampled == 2) {
    y = static_cast<int>(static_cast<int64_t>(y) * v.h / v.out_h);
    x = static_cast<int>(static_cast<int64_t>(x) * v.w / v.out_w);
  }
  return c.first + y * v.w + x;
}

// ConvView::upsampled of a convolution.
constexpr int upsampling(bool upsample, int h, int w, int out_h, int out_w) {
  if (!upsample) return 0;
  return out_h == 2 * h && out_w == 2 * w ? 1 : 2;
}

// ---- Tiles of the result ------------------------------------------------------------------

// Blocks are numbered in stripes of this many tile rows, column by column, so that blocks that run
// at the same time share rows of A and columns of B in the L2.
constexpr int kStripe = 8;

// Tile (row, column) of a block.
constexpr Place tile_of(int block, int tiles_m, int tiles_n) {
  const int stripe = block / (kStripe * tiles_n);
  const int first = stripe * kStripe;
  const int high = tiles_m - first < kStripe ? tiles_m - first : kStripe;
  const int within = block - first * tiles_n;
  return {first + within % high, within / high};
}

// The k tiles [begin, end) of one slice of a split-k product. No slice is empty if there are at
// least as many tiles as slices.
struct Slice {
  int begin, end;
};
constexpr Slice slice_of(int tiles_k, int slices, int slice) {
  const int each = tiles_k / slices, more = tiles_k % slices;
  const int begin = slice * each + (slice < more ? slice : more);
  return {begin, begin + each + (slice < more ? 1 : 0)};
}

// The size of a tile, and the number of slices of k.
struct TileConfig {
  int bm, bn;
  int slices;
};

// The most tiles of a product that is split: each needs a counter.
constexpr int kMaxSplitTiles = 4096;

// The config with the least work on the busiest multiprocessor, by a model that was not measured on
// a GPU: a tile costs its area, and split-k costs writing the partial sums and reading them again,
// by the tile's last block.
constexpr TileConfig choose_tile_config(int m, int n, int tiles_k, int processors) {
  constexpr TileConfig tiles[] = {{128, 160, 1}, {128, 128, 1}, {64, 64, 1}};
  TileConfig best = tiles[0];
  int64_t least = INT64_MAX;
  for (const TileConfig& t : tiles) {
    const int64_t blocks = static_cast<int64_t>(ceil_div(m, t.bm)) * ceil_div(n, t.bn);
    for (int slices = 1; slices <= 8 && slices * 8 <= tiles_k + 7; slices *= 2) {
      const int64_t waves = (blocks * slices + processors - 1) / processors;
      // A 64 x 64 tile reads as much per multiplication as twice its area of a large one.
      const int64_t area = static_cast<int64_t>(t.bm) * t.bn * (t.bm == 64 ? 3 : 2) / 2;
      int64_t k = ceil_div(tiles_k, slices) + 6;  // the pipeline fills and drains
      if (slices > 1) k += 3 * (slices + 1);
      if (slices > 1 && blocks > kMaxSplitTiles) break;
      const int64_t cost = waves * area * k;
      if (cost < least) least = cost, best = {t.bm, t.bn, slices};
    }
  }
  return best;
}

// ---- Norms ---------------------------------------------------------------------------------

// The first pass of group_norm: a block takes a chunk of rows; its threads are columns of 8
// channels by lanes of rows.
struct RowChunks {
  int columns;     // threads side by side
  int lanes;       // threads down the rows
  int row_chunks;  // per image
  int rows;        // per chunk, the last may have fewer
};
constexpr RowChunks row_chunks_of(int rows, int channels, int threads, int max_row_chunks) {
  const int chunks = ceil_div(channels, 8);
  const int columns = chunks < threads ? chunks : threads;
  const int lanes = threads / columns;
  const int wanted = ceil_div(rows, 4 * lanes);  // at least four rows for a thread
  const int row_chunks = wanted < max_row_chunks ? wanted : max_row_chunks;
  const int each = ceil_div(rows, row_chunks);
  return {columns, lanes, ceil_div(rows, each), each};
}

// A row of channels in shared memory, of `chunks` times 8. The lower and the upper halves of the
// chunks lie apart by half the banks, so that neither threads that write half a chunk each nor
// threads that read one channel each meet at a bank; and the next row begins where eight threads
// that write halves of both go on.
struct ChannelRow {
  int chunks;

  constexpr int upper() const { return chunks <= 4 ? 4 * chunks : round_up(4 * chunks, 32) + 16; }
  constexpr int length() const { return chunks <= 4 ? 8 * chunks : 2 * upper() + 4 * chunks % 32; }
  constexpr int place(int channel) const {
    return channel % 8 / 4 * upper() + channel / 8 * 4 + channel % 4;
  }
  // Of the channels in the order of their places.
  constexpr int nth_place(int i) const { return i < 4 * chunks ? i : upper() + i - 4 * chunks; }
};

// How many groups a block of group_norm takes that reads all of an image's rows: the fewest in
// whole chunks. 0: these are too much for one block, which reads them twice from its L1.
constexpr int kMaxWholeGroups = 8, kWholeThreads = 512;
constexpr int whole_groups_of(int rows, int channels, int groups) {
  constexpr int64_t most_values = 48 << 10;
  const int width = channels / groups;
  for (int each = 1; each <= kMaxWholeGroups; each *= 2) {
    if (groups % each != 0 || each * width % 8 != 0) continue;
    if (each * width > 8 * kWholeThreads) return 0;
    return static_cast<int64_t>(rows) * each * width <= most_values ? each : 0;
  }
  return 0;
}

// ---- RoPE ----------------------------------------------------------------------------------

// The pairs of columns that are rotated: `half` of them in each slice, slice s about axis s % axes.
struct RopePairs {
  int slices, slice_width, half, axes, interleaved;

  constexpr int count() const { return slices * half; }  // of a row
};

// A pair of a row: its columns, and the axis and frequency of its angle.
struct RopePair {
  int first, second, axis, frequency;
};
constexpr RopePair rope_pair(const RopePairs& p, int i) {
  const int slice = i / p.half, frequency = i % p.half;
  const int first = slice * p.slice_width + (p.interleaved ? 2 * frequency : frequency);
  return {first, first + (p.interleaved ? 1 : p.half), slice % p.axes, frequency};
}

}  // namespace yent::cuda
