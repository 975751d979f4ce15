#include "tests/support/cuda/cuda_interpreter.h"

#include <algorithm>

namespace yent::cuda {

// ---- GEMM

GemmBlock::GemmBlock(const TileSizes& t)
    : sizes(t), sums(t.warps_m * t.warps_n * (t.warp_rows() / 16) * (t.warp_columns() / 8)) {
  forget();
}

void GemmBlock::forget() {
  a.assign(sizes.bm * kTileChunks, unwritten());
  b.assign(sizes.bn * kTileChunks, unwritten());
}

// 16 rows of A, in step 0 or 2 of the tile's chunks.
Fragment<4> GemmBlock::fragments_a(int row, int step) const {
  Fragment<4> f;
  for (int lane = 0; lane < 32; ++lane) {
    for (int r = 0; r < 4; ++r) {
      f[lane][r] = ldmatrix(a, lane, r, [&](int l) {
        const Place p = ldmatrix_a(l);
        return tile_chunk(row + p.row, p.column) ^ in_step(step / 2);
      });
    }
  }
  return f;
}

// Twice 8 columns of B.
std::array<Fragment<2>, 2> GemmBlock::fragments_b(int column, int step) const {
  std::array<Fragment<2>, 2> f;
  for (int lane = 0; lane < 32; ++lane) {
    for (int r = 0; r < 4; ++r) {
      f[r / 2][lane][r % 2] = ldmatrix(b, lane, r, [&](int l) {
        const Place p = ldmatrix_b(l);
        return tile_chunk(column + p.row, p.column) ^ in_step(step / 2);
      });
    }
  }
  return f;
}

void GemmBlock::multiply() {
  const int high = sizes.warp_rows() / 16, wide = sizes.warp_columns() / 8;
  for (int warp = 0; warp < sizes.warps_m * sizes.warps_n; ++warp) {
    const int row = warp / sizes.warps_n * sizes.warp_rows();
    const int column = warp % sizes.warps_n * sizes.warp_columns();
    for (int step = 0; step < kTileChunks; step += 2) {
      for (int i = 0; i < high; ++i) {
        const Fragment<4> fa = fragments_a(row + 16 * i, step);
        for (int j = 0; j < wide; j += 2) {
          const auto fb = fragments_b(column + 8 * j, step);
          for (int half = 0; half < 2; ++half) {
            multiply_add(sums[(warp * high + i) * wide + j + half], fa, fb[half]);
          }
        }
      }
    }
  }
}

bool GemmBlock::store(Place at, int m, int n, float* to) const {
  const int high = sizes.warp_rows() / 16, wide = sizes.warp_columns() / 8;
  for (int tile = 0; tile < static_cast<int>(sums.size()); ++tile) {
    const int warp = tile / (high * wide), i = tile / wide % high, j = tile % wide;
    const int row0 = at.row * sizes.bm + warp / sizes.warps_n * sizes.warp_rows() + 16 * i;
    const int column0 = at.column * sizes.bn + warp % sizes.warps_n * sizes.warp_columns() + 8 * j;
    for (int lane = 0; lane < 32; ++lane) {
      for (int r = 0; r < 4; ++r) {
        const Place p = fragment_sum(lane, r);
        const int row = row0 + p.row, column = column0 + p.column;
        if (row >= m || column >= n) continue;
        float& value = to[static_cast<size_t>(row) * n + column];
        if (value == value) return false;
        value = sums[tile][lane][r];
      }
    }
  }
  return true;
}

std::vector<Chunk> to_chunks(const float* from, int rows, int columns, int ld, int chunks) {
  std::vector<Chunk> to(static_cast<size_t>(rows) * chunks, Chunk{});
  for (int r = 0; r < rows; ++r) {
    for (int c = 0; c < columns; ++c) {
      to[static_cast<size_t>(r) * chunks + c / 8][c % 8] = from[static_cast<size_t>(r) * ld + c];
    }
  }
  return to;
}

// ---- Attention

namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// One warp: 16 queries against all keys, a tile of keys at a time.
class AttentionWarp {
 public:
  AttentionWarp(const AttentionProblem& problem, int first_query)
      : p(problem),
        first(first_query),
        room(p.compiled_width / 8),
        ld(padded_chunks(room)),
        shared_q(copy(p.q, first, p.queries, 16)),
        o(room) {
    for (auto& m : row_max) m[0] = m[1] = -kInfinity;
  }

  void run(float* out) {
    int last = 1;  // of the visible keys
    for (int i = first; i < std::min(first + 16, p.queries); ++i) last = std::max(last, p.seen[i]);
    for (int base = 0; base < last; base += p.keys_per_tile) {
      shared_k = copy(p.k, base, p.keys, p.keys_per_tile);
      shared_v = copy(p.v, base, p.keys, p.keys_per_tile);
      compute_scores();
      for (int quad = 0; quad < 8; ++quad) {
        for (int half = 0; half < 2; ++half) softmax(base, quad, half);
      }
      add_values();
    }
    store(out);
  }

 private:
  // Rows [begin, begin + count) of [rows][width / 8]; zeros past the end and the width.
  std::vector<Chunk> copy(const std::vector<Chunk>& x, int begin, int rows, int count) const {
    std::vector<Chunk> to(count * ld, unwritten());
    const int chunks = p.width / 8;
    for (int i = 0; i < count * room; ++i) {
      const int row = i / room, c = i % room;
      const bool inside = begin + row < rows && c < chunks;
      to[row * ld + c] = inside ? x[(begin + row) * chunks + c] : Chunk{};
    }
    return to;
  }

  void compute_scores() {
    s.assign(p.keys_per_tile / 8, {});
    for (int step = 0; step + 1 < room; step += 2) add_scores(step);
    if (room % 2) add_half_step(room - 1);
  }

  // Registers of the queries, from chunk `step` on.
  Pair query_pair(int lane, int r, int step) const {
    return ldmatrix(shared_q, lane, r, [&](int l) {
      const Place at = ldmatrix_a(l);
      return at.row * ld + step + at.column;
    });
  }

  void add_scores(int step) {
    Fragment<4> fa;
    for (int lane = 0; lane < 32; ++lane) {
      for (int r = 0; r < 4; ++r) fa[lane][r] = query_pair(lane, r, step);
    }
    for (int j = 0; j < p.keys_per_tile / 8; j += 2) {
      Fragment<2> fb[2];
      for (int lane = 0; lane < 32; ++lane) {
        for (int r = 0; r < 4; ++r) {
          fb[r / 2][lane][r % 2] = ldmatrix(shared_k, lane, r, [&](int l) {
            const Place at = ldmatrix_b(l);
            return (8 * j + at.row) * ld + step + at.column;
          });
        }
      }
      for (int half = 0; half < 2; ++half) multiply_add(s[j + half], fa, fb[half]);
    }
  }

  // The last chunk of an odd number of them: m16n8k8.
  void add_half_step(int step) {
    Fragment<2> fa;
    for (int lane = 0; lane < 32; ++lane) {
      for (int r = 0; r < 2; ++r) fa[lane][r] = query_pair(lane, r, step);
    }
    for (int j = 0; j < p.keys_per_tile / 8; ++j) {
      Fragment<1> fb;
      for (int lane = 0; lane < 32; ++lane) {
        fb[lane][0] = ldmatrix(shared_k, lane, j % 4, [&](int l) {
          const Place at = ldmatrix_b_half(l);
          return (8 * (j - j % 4) + at.row) * ld + step + at.column;
        });
      }
      multiply_add(s[j], fa, fb);
    }
  }

  // One step of the softmax of the query that four lanes share: scores become weights, and the
  // sums so far are scaled to the new maximum.
  void softmax(int base, int quad, int half) {
    const int query = first + quad + 8 * half, lane0 = quad * 4;
    const int visible = query < p.queries ? p.seen[query] : 1;
    float highest = row_max[lane0][half];
    for (int lane = lane0; lane < lane0 + 4; ++lane) {
      for (size_t j = 0; j < s.size(); ++j) {
        for (int i = 0; i < 2; ++i) {
          float& value = s[j][lane][2 * half + i];
          const int key = base + static_cast<int>(j) * 8 + fragment_sum(lane, i).column;
          value = key < visible ? value * p.scale : -kInfinity;
          highest = std::max(highest, value);
        }
      }
    }
    float sum = 0;
    const float fade = std::exp(row_max[lane0][half] - highest);
    for (int lane = lane0; lane < lane0 + 4; ++lane) {
      for (auto& tile : s) {
        for (int i = 0; i < 2; ++i) {
          float& value = tile[lane][2 * half + i];
          sum += value = std::exp(value - highest);
        }
      }
    }
    for (int lane = lane0; lane < lane0 + 4; ++lane) {
      row_max[lane][half] = highest;
      total[lane][half] = total[lane][half] * fade + sum;
      for (auto& tile : o) {
        for (int i = 0; i < 2; ++i) tile[lane][2 * half + i] *= fade;
      }
    }
  }

  // The weights of two key tiles are, register for register, A of the next product.
  void add_values() {
    for (int step = 0; step < p.keys_per_tile / 16; ++step) {
      Fragment<4> fa;
      for (int lane = 0; lane < 32; ++lane) {
        for (int r = 0; r < 4; ++r) {
          const auto& from = s[2 * step + r / 2][lane];
          fa[lane][r] = {from[r % 2 * 2], from[r % 2 * 2 + 1]};
        }
      }
      for (int c = 0; c < room; ++c) {
        Fragment<2> fb;
        for (int lane = 0; lane < 32; ++lane) {
          for (int r = 0; r < 2; ++r) {
            fb[lane][r] = ldmatrix_trans(shared_v, lane, r, [&](int l) {
              const Place at = ldmatrix_transposed(l);
              return (16 * step + at.row) * ld + c + at.column;
            });
          }
        }
        multiply_add(o[c], fa, fb);
      }
    }
  }

  void store(float* out) const {
    for (int c = 0; c < room; ++c) {
      for (int lane = 0; lane < 32; ++lane) {
        for (int i = 0; i < 4; ++i) {
          const Place at = fragment_sum(lane, i);
          const int query = first + at.row, column = c * 8 + at.column;
          if (query >= p.queries || column >= p.width) continue;
          out[static_cast<size_t>(query) * p.width + column] = o[c][lane][i] / total[lane][i / 2];
        }
      }
    }
  }

  const AttentionProblem& p;
  int first, room, ld;  // room: chunks of a row; ld: with padding
  std::vector<Chunk> shared_q, shared_k, shared_v;
  std::vector<Sums> s, o;  // scores; the output before division
  float row_max[32][2], total[32][2] = {};
};

}  // namespace

std::vector<float> interpret_attention(const AttentionProblem& p) {
  std::vector<float> out(static_cast<size_t>(p.queries) * p.width, kUnwritten);
  for (int first = 0; first < p.queries; first += 16) AttentionWarp(p, first).run(out.data());
  return out;
}

}  // namespace yent::cuda
