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
};

// Sums of one product, [slices][m][n]: A read chunk by chunk through `load_a(row, walk)`, B as
// rows of `view.total()` chunks.
template <class View, class LoadA>
std::vector<float> interpret_gemm(const View& view, int m, int n, const std::vector<Chunk>& b,
                                  const TileSizes& t, int slices, const LoadA& load_a) {
  std::vector<float> sums(static_cast<size_t>(slices) * m * n, kUnwritten);
  const int threads = 32 * t.warps_m * t.warps_n, depth = view.total();
  const int tiles_m = ceil_div(m, t.bm), tiles_n = ceil_div(n, t.bn);
  const int tiles_k = ceil_div(depth, kTileChunks);
  const int wm = t.bm / t.warps_m, wn = t.bn / t.warps_n;
  const Chunk zero{};
  for (int slice = 0; slice < slices; ++slice) {
    const Slice range = slice_of(tiles_k, slices, slice);
    for (int block = 0; block < tiles_m * tiles_n; ++block) {
      const Place tile = tile_of(block, tiles_m, tiles_n);
      std::vector<Sums> acc(threads / 32 * (wm / 16) * (wn / 8));
      for (int kt = range.begin; kt < range.end; ++kt) {
        std::vector<Chunk> shared_a(t.bm * kTileChunks, unwritten());
        std::vector<Chunk> shared_b(t.bn * kTileChunks, unwritten());
        for (int thread = 0; thread < threads; ++thread) {
          const int column = thread % kTileChunks;
          // As the kernel walks: once to the slice's start, then a tile at a time.
          Walk walk = walk_to(view, range.begin * kTileChunks + column);
          for (int i = range.begin; i < kt; ++i) walk = advance(view, walk, kTileChunks);
          for (int i = 0; i < copies(t.bm, threads); ++i) {
            const Place p = copied_chunk(thread, threads, i);
            if (p.row >= t.bm) continue;
            shared_a[tile_chunk(p.row, p.column)] =
                walk.segment < view.segments() ? load_a(tile.row * t.bm + p.row, walk) : zero;
          }
          for (int i = 0; i < copies(t.bn, threads); ++i) {
            const Place p = copied_chunk(thread, threads, i);
            if (p.row >= t.bn) continue;
            const int row = tile.column * t.bn + p.row, chunk = kt * kTileChunks + p.column;
            shared_b[tile_chunk(p.row, p.column)] =
                row < n && chunk < depth ? b[static_cast<size_t>(row) * depth + chunk] : zero;
          }
        }
        for (int warp = 0; warp < threads / 32; ++warp) {
          const int row = warp / t.warps_n * wm, column = warp % t.warps_n * wn;
          for (int step = 0; step < kTileChunks; step += 2) {
            for (int i = 0; i < wm / 16; ++i) {
              Fragment<4> fa;
              for (int lane = 0; lane < 32; ++lane) {
                for (int r = 0; r < 4; ++r) {
                  fa[lane][r] = ldmatrix(shared_a, lane, r, [&](int l) {
                    const Place p = ldmatrix_a(l);
                    return tile_chunk(row + 16 * i + p.row, p.column) ^ in_step(step / 2);
                  });
                }
              }
              for (int j = 0; j < wn / 8; j += 2) {
                Fragment<2> fb[2];
                for (int lane = 0; lane < 32; ++lane) {
                  for (int r = 0; r < 4; ++r) {
                    fb[r / 2][lane][r % 2] = ldmatrix(shared_b, lane, r, [&](int l) {
                      const Place p = ldmatrix_b(l);
                      return tile_chunk(column + 8 * j + p.row, p.column) ^ in_step(step / 2);
                    });
                  }
                }
                for (int half = 0; half < 2; ++half) {
                  multiply_add(acc[(warp * (wm / 16) + i) * (wn / 8) + j + half], fa, fb[half]);
                }
              }
            }
          }
        }
      }
      for (int warp = 0; warp < threads / 32; ++warp) {
        for (int i = 0; i < wm / 16; ++i) {
          for (int j = 0; j < wn / 8; ++j) {
            for (int lane = 0; lane < 32; ++lane) {
              for (int r = 0; r < 4; ++r) {
                const Place p = fragment_sum(lane, r);
                const int row = tile.row * t.bm + warp / t.warps_n * wm + 16 * i + p.row;
                const int column = tile.column * t.bn + warp % t.warps_n * wn + 8 * j + p.column;
                if (row >= m || column >= n) continue;
                float& to = sums[(static_cast<size_t>(slice) * m + row) * n + column];
                if (to == to) return {};  // written twice
                to = acc[(warp * (wm / 16) + i) * (wn / 8) + j][lane][r];
              }
            }
          }
        }
      }
    }
  }
  return sums;
}

// Rows of `chunks` chunks, the last zero beyond the columns.
inline std::vector<Chunk> to_chunks(const float* from, int rows, int columns, int ld, int chunks) {
  std::vector<Chunk> to(static_cast<size_t>(rows) * chunks, Chunk{});
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      to[static_cast<size_t>(r) * chunks + c / 8][c % 8] = from[static_cast<size_t>(r) * ld + c];
    }
  }
  return to;
}

// One head: out [queries][width] of q, k, v as chunks, `keys_per_tile` keys at a time, 16 queries
// a warp. `seen[i]` keys are visible to query i.
std::vector<float> interpret_attention(const std::vector<Chunk>& q, const std::vector<Chunk>& k,
                                       const std::vector<Chunk>& v, int queries, int keys,
                                       int width, int compiled_width, float scale,
                                       const std::vector<int>& seen, int keys_per_tile);

}  // namespace yent::cuda
