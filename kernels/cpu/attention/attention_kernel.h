// attention.h in f32, written once over simd.h. Queries lie in the lanes: scores are made as keys x
// queries and the output as width x queries, so softmax never works across a vector, and both
// products are multiply() of tile.h whatever the head's width.
#pragma once

#include "kernels/cpu/attention/attention.h"
#include "kernels/cpu/simd/simd_math.h"
#include "kernels/cpu/simd/tile.h"

namespace yent {
namespace {

constexpr int key_block = 168;  // a multiple of every tile's height
constexpr float masked = -1e30f, log2_e = 1.44269504f;

template <int M, int N>
struct Flash {
  static constexpr int L = N * W;
  static_assert(key_block % M == 0);

  const AttentionBlock& a;
  int panels;
  float *queries, *sums, *keys, *values, *scores, *row_max, *totals;

  static size_t scratch_floats(int queries, int width) {
    const size_t panels = ceil_div(queries, L), w = width;
    return 2 * panels * w * L + 2 * key_block * w + W + key_block * L + 2 * panels * L;
  }

  explicit Flash(const AttentionBlock& block) : a(block), panels(ceil_div(a.queries, L)) {
    const size_t w = a.width;
    queries = a.scratch;               // [panel][width][L], scaled
    sums = queries + panels * w * L;   // the output before division, the same
    scores = sums + panels * w * L;    // [key][L]
    row_max = scores + key_block * L;  // [panel][L]: greatest score so far
    totals = row_max + panels * L;     // [panel][L]: sum of the exponentials
    values = totals + panels * L;      // [key][width]
    keys = values + key_block * w;     // [panel of M][width][M]; interleave writes up to W more
  }

  void pack_queries() const {
    for (int p = 0; p < panels; ++p) {
      const float* rows[L];
      for (int i = 0; i < L; ++i) {
        const int query = p * L + i < a.queries ? p * L + i : a.queries - 1;
        rows[i] = a.q + query * a.q_ld;
      }
      float* to = queries + static_cast<size_t>(p) * a.width * L;
      interleave<L>(to, rows, L, a.width);
      const V scale = set1(a.scale * log2_e);  // exponentials are powers of two
      for (int i = 0; i < a.width * L; i += W) store(to + i, mul(load(to + i), scale));
    }
    for (int i = 0; i < panels * L; ++i) {
      row_max[i] = masked;
      totals[i] = 0;
    }
  }

  void pack_keys(int first, int count) const {
    for (int key = 0; key < count; key += M) {
      const int m = count - key < M ? count - key : M;
      const float* rows[M];
      for (int i = 0; i < m; ++i) rows[i] = a.k + (first + key + i) * a.k_ld;
      interleave<M>(keys + key * a.width, rows, m, a.width);
    }
    for (int key = 0; key < count; ++key) {
      const float* from = a.v + (first + key) * a.v_ld;
      float* to = values + key * a.width;
      for (int c = 0; c < a.width; c += W) {
        const int n = a.width - c < W ? a.width - c : W;
        store_part(to + c, load_part(from + c, n), n);
      }
    }
  }

  // Masks the keys that a query must not see.
  void mask_later(int panel, int first, int count) const {
    float last[L];
    for (int i = 0; i < L; ++i) {
      const int query = panel * L + i < a.queries ? panel * L + i : a.queries - 1;
      last[i] = static_cast<float>(a.positions[query] - first);
    }
    for (int key = 0; key < count; ++key) {
      const V at = set1(static_cast<float>(key));
      for (int j = 0; j < L; j += W) {
        float* score = scores + key * L + j;
        store(score, where_le(at, load(last + j), load(score), set1(masked)));
      }
    }
  }

  // Turns scores into exponentials and rescales earlier sums to the new maximum.
  void softmax_step(int panel, int count, bool rescale) const {
    float *top = row_max + panel * L, *total = totals + panel * L;
    V absmax[N], factor[N], sum[N];
    for (int j = 0; j < N; ++j) absmax[j] = load(top + j * W);
    for (int key = 0; key < count; ++key) {
      for (int j = 0; j < N; ++j) absmax[j] = max(absmax[j], load(scores + key * L + j * W));
    }
    bool moved = false;
    for (int j = 0; j < N; ++j) {
      const V before = sub(load(top + j * W), absmax[j]);
      moved |= greatest(sub(zero(), before)) > 0;
      factor[j] = exp2(before);
      sum[j] = mul(load(total + j * W), factor[j]);
      store(top + j * W, absmax[j]);
    }
    for (int key = 0; key < count; ++key) {
      for (int j = 0; j < N; ++j) {
        float* score = scores + key * L + j * W;
        const V e = exp2(sub(load(score), absmax[j]));
        store(score, e);
        sum[j] = add(sum[j], e);
      }
    }
    for (int j = 0; j < N; ++j) store(total + j * W, sum[j]);
    if (!rescale || !moved) return;
    float* to = sums + static_cast<size_t>(panel) * a.width * L;
    for (int c = 0; c < a.width; ++c, to += L) {
      for (int j = 0; j < N; ++j) store(to + j * W, mul(load(to + j * W), factor[j]));
    }
  }

  void store_out() const {
    for (int first = 0; first < a.queries; first += W) {
      const int panel = first / L, lane = first % L;
      const int m = a.queries - first < W ? a.queries - first : W;
      const V scale = div(set1(1), load(totals + first));
      const float* from = sums + static_cast<size_t>(panel) * a.width * L + lane;
      for (int c = 0; c < a.width; c += W) {
        const int n = a.width - c < W ? a.width - c : W;
        V block[W];
        for (int i = 0; i < W; ++i)
          block[i] = i < n ? mul(load(from + (c + i) * L), scale) : zero();
        transpose(block);
        for (int i = 0; i < m; ++i) store_part(a.out + (first + i) * a.out_ld + c, block[i], n);
      }
    }
  }

  void run() const {
    pack_queries();
    int seen = a.keys;
    if (a.positions) {
      seen = 0;
      for (int i = 0; i < a.queries; ++i) seen = a.positions[i] >= seen ? a.positions[i] + 1 : seen;
    }
    for (int first = 0; first < seen; first += key_block) {
      const int count = seen - first < key_block ? seen - first : key_block;
      pack_keys(first, count);
      for (int p = 0; p < panels; ++p) {
        const float* q = queries + static_cast<size_t>(p) * a.width * L;
        for (int key = 0; key < count; key += M) {
          multiply<M, N>(scores + key * L, keys + key * a.width, M, q,
                         count - key < M ? count - key : M, a.width, false, q, 0);
        }
        if (a.positions) mask_later(p, first, count);
        softmax_step(p, count, first > 0);
        float* to = sums + static_cast<size_t>(p) * a.width * L;
        for (int c = 0; c < a.width; c += M) {
          multiply<M, N>(to + c * L, values + c, a.width, scores, a.width - c < M ? a.width - c : M,
                         count, first > 0, to, 0);
        }
      }
    }
    store_out();
  }
};

template <int M, int N>
void attend_block(const AttentionBlock& a) {
  Flash<M, N>(a).run();
}

inline float dot(const float* x, const float* y, int n) {
  V total = zero();
  for (int c = 0; c < n; c += W) {
    const int part = n - c < W ? n - c : W;
    total = fma(load_part(x + c, part), load_part(y + c, part), total);
  }
  return sum(total);
}

inline void attend_decode(const AttentionBlock& a) {
  constexpr int block = 64;
  for (int query = 0; query < a.queries; ++query) {
    const float* q = a.q + query * a.q_ld;
    float* out = a.out + query * a.out_ld;
    const int seen = a.positions ? a.positions[query] + 1 : a.keys;
    float top = masked, total = 0;
    for (int first = 0; first < seen; first += block) {
      const int count = seen - first < block ? seen - first : block;
      float scores[block];
      V absmax = set1(top);
      for (int i = 0; i < block; ++i) {
        scores[i] = masked;
        if (i < count) scores[i] = dot(q, a.k + (first + i) * a.k_ld, a.width) * a.scale * log2_e;
      }
      for (int i = 0; i < block; i += W) absmax = max(absmax, load(scores + i));
      const float risen = greatest(absmax);
      float factor[W];
      store(factor, exp2(set1(top - risen)));
      V sums = zero();
      for (int i = 0; i < block; i += W) {
        const V e = exp2(sub(load(scores + i), set1(risen)));
        store(scores + i, e);
        sums = add(sums, e);
      }
      total = total * factor[0] + sum(sums);
      top = risen;
      for (int c = 0; c < a.width; c += W) {
        const int n = a.width - c < W ? a.width - c : W;
        V weighted = first > 0 ? mul(load_part(out + c, n), set1(factor[0])) : zero();
        for (int i = 0; i < count; ++i) {
          weighted = fma(set1(scores[i]), load_part(a.v + (first + i) * a.v_ld + c, n), weighted);
        }
        store_part(out + c, weighted, n);
      }
    }
    for (int c = 0; c < a.width; c += W) {
      const int n = a.width - c < W ? a.width - c : W;
      store_part(out + c, mul(load_part(out + c, n), set1(1 / total)), n);
    }
  }
}

template <int M, int N>
constexpr Attention attention(const char* name, Isa isa) {
  return {.name = name,
          .isa = isa,
          .lanes = N * W,
          .scratch_floats = Flash<M, N>::scratch_floats,
          .block = attend_block<M, N>,
          .decode = attend_decode};
}

}  // namespace
}  // namespace yent
