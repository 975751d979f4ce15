// The tile loops of the CUDA kernels, block by block and lane by lane, on floats. Not a simulator:
// the arithmetic only, from the same index functions. Values that were never copied are NaN.
#pragma once

#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "kernels/cuda/index.h"

namespace yent::cuda {

constexpr float kUnwritten = std::numeric_limits<float>::quiet_NaN();

using Chunk = std::array<float, 8>;
using Pair = std::array<float, 2>;  // a register of two halves
inline Chunk unwritten() {
  Chunk c;
  c.fill(kUnwritten);
  return c;
}

// The result of ldmatrix for lane `lane` in register `matrix`: a part of the 8 x 8 matrix whose
// rows lie at the addresses of lanes 8 matrix .. 8 matrix + 7.
template <class Address>
Pair ldmatrix(const std::vector<Chunk>& shared, int lane, int matrix, const Address& address) {
  const Chunk& row = shared.at(address(8 * matrix + lane / 4));
  return {row[lane % 4 * 2], row[lane % 4 * 2 + 1]};
}
template <class Address>
Pair ldmatrix_trans(const std::vector<Chunk>& shared, int lane, int matrix,
                    const Address& address) {
  Pair p;
  for (int i = 0; i < 2; ++i) {
    p[i] = shared.at(address(8 * matrix + lane % 4 * 2 + i))[lane / 4];
  }
  return p;
}

template <size_t Registers>
using Fragment = std::array<std::array<Pair, Registers>, 32>;  // by lane
using Sums = std::array<std::array<float, 4>, 32>;

// mma.sync m16n8k(4 * A): of two registers of A, k is 8, of four 16.
template <size_t A, size_t B>
void multiply_add(Sums& sums, const Fragment<A>& a, const Fragment<B>& b) {
  static_assert(A == 2 * B);
  float at[16][16] = {}, bt[8][16] = {};
  for (int lane = 0; lane < 32; ++lane) {
    for (size_t i = 0; i < A; ++i) {
      const Place p = fragment_a(lane, static_cast<int>(i));
      for (int j = 0; j < 2; ++j) at[p.row][p.column * 2 + j] = a[lane][i][j];
    }
    for (size_t i = 0; i < B; ++i) {
      const Place p = fragment_b(lane, static_cast<int>(i));
      for (int j = 0; j < 2; ++j) bt[p.row][p.column * 2 + j] = b[lane][i][j];
    }
  }
  for (int lane = 0; lane < 32; ++lane) {
    for (int i = 0; i < 4; ++i) {
      const Place p = fragment_sum(lane, i);
      for (size_t k = 0; k < 8 * B; ++k) sums[lane][i] += at[p.row][k] * bt[p.column][k];
    }
  }
}

struct TileSizes {
  int bm, bn, warps_m, warps_n;

  int threads() const { return 32 * warps_m * warps_n; }
  int warp_rows() const { return bm / warps_m; }
  int warp_columns() const { return bn / warps_n; }
};
// The ones that the kernels have.
constexpr TileSizes kTileSizes[] = {{128, 160, 4, 2}, {128, 128, 2, 4}, {64, 64, 2, 2}};

// One block of a GEMM: a tile of A and one of B in shared memory, and the sums of every warp.
struct GemmBlock {
  explicit GemmBlock(const TileSizes& sizes);

  // Makes both tiles NaN.
  void forget();
  // Adds the product of the tiles to the sums.
  void multiply();
  // Writes the sums to tile `at` of to [m][n]. Returns false if a value was written before.
  bool store(Place at, int m, int n, float* to) const;

  TileSizes sizes;
  std::vector<Chunk> a, b;
  std::vector<Sums> sums;  // [warp][16 rows][8 columns]

 private:
  Fragment<4> fragments_a(int row, int step) const;
  std::array<Fragment<2>, 2> fragments_b(int column, int step) const;
};

template <class View>
struct GemmProblem {
  View view;
  int m, n;
  const std::vector<Chunk>& b;  // [n][view.total()]
  TileSizes sizes;
  int slices = 1;
};

// Copies tile `kt` of the k chunks, thread by thread. `begin` is the first tile of the slice.
template <class View, class LoadA>
void copy_tiles(const GemmProblem<View>& p, Place tile, int begin, int kt, const LoadA& load_a,
                GemmBlock& block) {
  const TileSizes& t = p.sizes;
  const int threads = t.threads(), depth = p.view.total();
  const Chunk zero{};
  for (int thread = 0; thread < threads; ++thread) {
    // As the kernel walks: once to the slice's start, then a tile at a time.
    Walk walk = walk_to(p.view, begin * kTileChunks + thread % kTileChunks);
    for (int i = begin; i < kt; ++i) walk = advance(p.view, walk, kTileChunks);
    for (int i = 0; i < copies(t.bm, threads); ++i) {
      const Place at = copied_chunk(thread, threads, i);
      if (at.row >= t.bm) continue;
      block.a[tile_chunk(at.row, at.column)] =
          walk.segment < p.view.segments() ? load_a(tile.row * t.bm + at.row, walk) : zero;
    }
    for (int i = 0; i < copies(t.bn, threads); ++i) {
      const Place at = copied_chunk(thread, threads, i);
      if (at.row >= t.bn) continue;
      const int row = tile.column * t.bn + at.row, chunk = kt * kTileChunks + at.column;
      block.b[tile_chunk(at.row, at.column)] =
          row < p.n && chunk < depth ? p.b[static_cast<size_t>(row) * depth + chunk] : zero;
    }
  }
}

// Sums of one product, [slices][m][n]; empty if a value was written twice. `load_a(row, walk)`
// reads a chunk of A.
template <class View, class LoadA>
std::vector<float> interpret_gemm(const GemmProblem<View>& p, const LoadA& load_a) {
  const size_t size = static_cast<size_t>(p.m) * p.n;
  std::vector<float> sums(p.slices * size, kUnwritten);
  const int tiles_m = ceil_div(p.m, p.sizes.bm), tiles_n = ceil_div(p.n, p.sizes.bn);
  const int tiles_k = ceil_div(p.view.total(), kTileChunks);
  for (int slice = 0; slice < p.slices; ++slice) {
    const Slice range = slice_of(tiles_k, p.slices, slice);
    for (int i = 0; i < tiles_m * tiles_n; ++i) {
      const Place tile = tile_of(i, tiles_m, tiles_n);
      GemmBlock block(p.sizes);
      for (int kt = range.begin; kt < range.end; ++kt) {
        block.forget();
        copy_tiles(p, tile, range.begin, kt, load_a, block);
        block.multiply();
      }
      if (!block.store(tile, p.m, p.n, sums.data() + slice * size)) return {};
    }
  }
  return sums;
}

// Rows of `chunks` chunks, the last zero beyond the columns.
std::vector<Chunk> to_chunks(const float* from, int rows, int columns, int ld, int chunks);

// One head of an attention.
struct AttentionProblem {
  const std::vector<Chunk>& q;  // [queries][width / 8]
  const std::vector<Chunk>& k;  // [keys][width / 8]
  const std::vector<Chunk>& v;
  int queries, keys, width;
  int compiled_width;  // of the kernel, at least `width`
  float scale;
  const std::vector<int>& seen;  // query i sees keys 0 .. seen[i] - 1
  int keys_per_tile;
};
// Returns the output, [queries][width].
std::vector<float> interpret_attention(const AttentionProblem& p);

}  // namespace yent::cuda
