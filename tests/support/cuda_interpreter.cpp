#include "tests/support/cuda_interpreter.h"

#include <algorithm>

namespace yent::cuda {

std::vector<float> interpret_attention(const std::vector<Chunk>& q, const std::vector<Chunk>& k,
                                       const std::vector<Chunk>& v, int queries, int keys,
                                       int width, int compiled_width, float scale,
                                       const std::vector<int>& seen, int keys_per_tile) {
  const int chunks = width / 8, room = compiled_width / 8, ld = padded_chunks(room);
  std::vector<float> out(static_cast<size_t>(queries) * width, kUnwritten);
  for (int first = 0; first < queries; first += 16) {
    std::vector<Chunk> shared_q(16 * ld, unwritten());
    for (int i = 0; i < 16 * room; ++i) {
      const int row = i / room, c = i % room;
      shared_q[row * ld + c] =
          first + row < queries && c < chunks ? q[(first + row) * chunks + c] : Chunk{};
    }
    std::vector<Sums> o(room);
    float peak[32][2], total[32][2] = {};
    for (auto& p : peak) p[0] = p[1] = -std::numeric_limits<float>::infinity();
    int last = 1;
    for (int i = first; i < std::min(first + 16, queries); ++i) last = std::max(last, seen[i]);
    for (int base = 0; base < last; base += keys_per_tile) {
      std::vector<Chunk> shared_k(keys_per_tile * ld, unwritten()), shared_v = shared_k;
      for (int i = 0; i < keys_per_tile * room; ++i) {
        const int row = i / room, c = i % room;
        const bool inside = base + row < keys && c < chunks;
        shared_k[row * ld + c] = inside ? k[(base + row) * chunks + c] : Chunk{};
        shared_v[row * ld + c] = inside ? v[(base + row) * chunks + c] : Chunk{};
      }
      std::vector<Sums> s(keys_per_tile / 8);
      for (int step = 0; step < room; step += 2) {
        const bool whole = step + 1 < room;  // else a half step, m16n8k8
        Fragment<4> fa;
        for (int lane = 0; lane < 32; ++lane) {
          for (int r = 0; r < (whole ? 4 : 2); ++r) {
            fa[lane][r] = ldmatrix(shared_q, lane, r, [&](int l) {
              const Place p = ldmatrix_a(l);
              return p.row * ld + step + p.column;
            });
          }
        }
        if (!whole) {
          Fragment<2> half_a;
          for (int lane = 0; lane < 32; ++lane) half_a[lane] = {fa[lane][0], fa[lane][1]};
          for (int j = 0; j < keys_per_tile / 8; ++j) {
            Fragment<1> half_b;
            for (int lane = 0; lane < 32; ++lane) {
              half_b[lane][0] = ldmatrix(shared_k, lane, j % 4, [&](int l) {
                const Place p = ldmatrix_b_half(l);
                return (8 * (j - j % 4) + p.row) * ld + step + p.column;
              });
            }
            multiply_add(s[j], half_a, half_b);
          }
          continue;
        }
        for (int j = 0; j < keys_per_tile / 8; j += 2) {
          Fragment<2> fb[2];
          for (int lane = 0; lane < 32; ++lane) {
            for (int r = 0; r < 4; ++r) {
              fb[r / 2][lane][r % 2] = ldmatrix(shared_k, lane, r, [&](int l) {
                const Place p = ldmatrix_b(l);
                return (8 * j + p.row) * ld + step + p.column;
              });
            }
          }
          for (int half = 0; half < 2; ++half) multiply_add(s[j + half], fa, fb[half]);
        }
      }
      for (int quad = 0; quad < 8; ++quad) {
        for (int half = 0; half < 2; ++half) {
          const int query = first + quad + 8 * half;
          const int visible = query < queries ? seen[query] : 1;
          float highest = peak[quad * 4][half];
          for (int lane = quad * 4; lane < quad * 4 + 4; ++lane) {
            for (size_t j = 0; j < s.size(); ++j) {
              for (int i = 0; i < 2; ++i) {
                float& value = s[j][lane][2 * half + i];
                const int key = base + static_cast<int>(j) * 8 + fragment_sum(lane, i).column;
                value = key < visible ? value * scale : -std::numeric_limits<float>::infinity();
                highest = std::max(highest, value);
              }
            }
          }
          float sum = 0;
          const float fade = std::exp(peak[quad * 4][half] - highest);
          for (int lane = quad * 4; lane < quad * 4 + 4; ++lane) {
            for (auto& tile : s) {
              for (int i = 0; i < 2; ++i) {
                float& value = tile[lane][2 * half + i];
                sum += value = std::exp(value - highest);
              }
            }
          }
          for (int lane = quad * 4; lane < quad * 4 + 4; ++lane) {
            peak[lane][half] = highest;
            total[lane][half] = total[lane][half] * fade + sum;
            for (auto& tile : o) {
              for (int i = 0; i < 2; ++i) tile[lane][2 * half + i] *= fade;
            }
          }
        }
      }
      // The sums of two key tiles are, register for register, A of the next product.
      for (int step = 0; step < keys_per_tile / 16; ++step) {
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
                const Place p = ldmatrix_transposed(l);
                return (16 * step + p.row) * ld + c + p.column;
              });
            }
          }
          multiply_add(o[c], fa, fb);
        }
      }
    }
    for (int c = 0; c < room; ++c) {
      for (int lane = 0; lane < 32; ++lane) {
        for (int i = 0; i < 4; ++i) {
          const Place p = fragment_sum(lane, i);
          const int query = first + p.row, column = c * 8 + p.column;
          if (query >= queries || column >= width) continue;
          out[static_cast<size_t>(query) * width + column] = o[c][lane][i] / total[lane][i / 2];
        }
      }
    }
  }
  return out;
}

}  // namespace yent::cuda
