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

inline V load_whole(const float* p) { return load(p); }
inline V load_whole(const uint16_t* p) { return load_f16(p); }

// n <= W elements of a row of keys or values, from column c on.
template <class T>
inline V load_key(const T* row, int c, int n) {
  if (n == W) return load_whole(row + c);
  T part[W] = {};
  for (int i = 0; i < n; ++i) part[i] = row[c + i];
  return load_whole(part);
}

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

  template <class T>
  void pack_keys_of(const T* k, const T* v, int first, int count) const {
    for (int key = 0; key < count; key += M) {
      const int m = count - key < M ? count - key : M;
      const T* rows[M];
      for (int i = 0; i < m; ++i) rows[i] = k + (first + key + i) * a.k_ld;
      interleave_as<M, M>(keys + key * a.width, rows, m, a.width, load_key<T>, store);
    }
    for (int key = 0; key < count; ++key) {
      const T* from = v + (first + key) * a.v_ld;
      float* to = values + key * a.width;
      for (int c = 0; c < a.width; c += W) {
        const int n = a.width - c < W ? a.width - c : W;
        store_part(to + c, load_key(from, c, n), n);
      }
    }
  }

  void pack_keys(int first, int count) const {
    if (a.halves) {
      pack_keys_of(static_cast<const uint16_t*>(a.k), static_cast<const uint16_t*>(a.v), first,
                   count);
    } else {
      pack_keys_of(static_cast<const float*>(a.k), static_cast<const float*>(a.v), first, count);
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

// ---- Decoding: few queries, each for itself, the lanes along the width.

constexpr int decode_block = 64;  // keys; a multiple of every W

// Prefetches a piece of a row into the second-level cache: a cache is longer than that, and between
// a head's pieces of two rows lie those of the other heads.
template <class T>
inline void fetch(const T* row, int width) {
  for (int c = 0; c < width; c += 64 / sizeof(T)) __builtin_prefetch(row + c, 0, 2);
}

// The products of q with W keys, of which `count` exist.
template <class T>
inline V products(const float* q, const T* keys, size_t ld, int count, int width) {
  const T* key[W];
  V sums[W];
  for (int i = 0; i < W; ++i) {
    key[i] = keys + (i < count ? i : count - 1) * ld;
    sums[i] = zero();
    fetch(key[i] + decode_block * ld, width);
  }
  int c = 0;
  for (; c + W <= width; c += W) {
    const V of_query = load(q + c);
    for (int i = 0; i < W; ++i) sums[i] = fma(of_query, load_whole(key[i] + c), sums[i]);
  }
  if (c < width) {
    const V of_query = load_part(q + c, width - c);
    for (int i = 0; i < W; ++i) sums[i] = fma(of_query, load_key(key[i], c, width - c), sums[i]);
  }
  transpose(sums);
  for (int half = W / 2; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) sums[i] = add(sums[i], sums[i + half]);
  }
  return sums[0];
}

// The values of a block of keys and their weights.
template <class T>
struct Weighted {
  const T* values;
  const float* weights;
  size_t ld;
  int keys;
};

// out = out * factor + the weighted sum of N vectors of columns. Few columns take several keys at
// once, so that no sum waits for itself.
template <int N, class T>
inline void weigh(float* out, const Weighted<T>& w, V factor) {
  constexpr int chains = N < 8 ? 8 / N : 1;
  V sums[chains][N];
  for (int j = 0; j < N; ++j) {
    sums[0][j] = mul(load(out + j * W), factor);
    for (int i = 1; i < chains; ++i) sums[i][j] = zero();
  }
  int key = 0;
  const T* value = w.values;
  for (; key + chains <= w.keys; key += chains, value += chains * w.ld) {
    for (int i = 0; i < chains; ++i) {
      const V weight = set1(w.weights[key + i]);
      fetch(value + (decode_block + i) * w.ld, N * W);
      for (int j = 0; j < N; ++j) {
        sums[i][j] = fma(weight, load_whole(value + i * w.ld + j * W), sums[i][j]);
      }
    }
  }
  for (; key < w.keys; ++key, value += w.ld) {
    const V weight = set1(w.weights[key]);
    for (int j = 0; j < N; ++j) sums[0][j] = fma(weight, load_whole(value + j * W), sums[0][j]);
  }
  for (int i = 1; i < chains; ++i) {
    for (int j = 0; j < N; ++j) sums[0][j] = add(sums[0][j], sums[i][j]);
  }
  for (int j = 0; j < N; ++j) store(out + j * W, sums[0][j]);
}

template <class T>
inline void weigh_row(float* out, Weighted<T> w, V factor, int width) {
  const auto next = [&](int vectors) {
    out += vectors * W, w.values += vectors * W, width -= vectors * W;
  };
  for (; width >= 8 * W; next(8)) weigh<8>(out, w, factor);
  for (; width >= 4 * W; next(4)) weigh<4>(out, w, factor);
  for (; width >= W; next(1)) weigh<1>(out, w, factor);
  if (width == 0) return;
  V sum = mul(load_part(out, width), factor);
  for (int key = 0; key < w.keys; ++key, w.values += w.ld) {
    sum = fma(set1(w.weights[key]), load_key(w.values, 0, width), sum);
  }
  store_part(out, sum, width);
}

// The greatest score of a head so far, and the sum of the exponentials.
struct Running {
  float top, total;
};

// Adds `count` keys from `first` on to the output of a head, which is divided by the total at last.
template <class T>
inline void decode_step(const AttentionHeads& a, int query, int head, int first, int count) {
  const size_t column = static_cast<size_t>(head) * a.width;
  const size_t key_column = static_cast<size_t>(head / a.group) * a.width;
  const float* q = a.q + query * a.q_ld + column;
  const T* keys = static_cast<const T*>(a.k) + first * a.k_ld + key_column;
  const T* values = static_cast<const T*>(a.v) + first * a.v_ld + key_column;
  const int place = query * a.heads + head - a.first_head;
  Running& running = reinterpret_cast<Running*>(a.scratch)[place];
  float weights[decode_block], lanes[W];
  V absmax = set1(running.top);
  for (int i = 0; i < count; i += W) {
    const V score = products(q, keys + i * a.k_ld, a.k_ld, count - i, a.width);
    const V scaled = mul(score, set1(a.scale * log2_e));  // exponentials are powers of two
    store(weights + i, scaled);
    absmax = max(absmax, scaled);  // keys past the last repeat it
  }
  const float top = greatest(absmax);
  const V factor = exp2(set1(running.top - top));
  V sums = zero();
  for (int i = 0; i < count; i += W) {
    store(weights + i, exp2(sub(load(weights + i), set1(top))));
    sums = add(sums, load_part(weights + i, count - i < W ? count - i : W));
  }
  store(lanes, factor);
  running = {top, running.total * lanes[0] + sum(sums)};
  float* out = a.out + query * a.out_ld + column;
  weigh_row(out, Weighted<T>{values, weights, a.v_ld, count}, factor, a.width);
}

// Keys that a query sees.
inline int keys_of(const AttentionBlock& a, int query) {
  return a.positions ? a.positions[query] + 1 : a.keys;
}

// All queries and heads pass over a block of keys before the next one: the heads of a key lie
// together, and a block comes from memory once.
template <class T>
inline void attend_decode_of(const AttentionHeads& a) {
  Running* running = reinterpret_cast<Running*>(a.scratch);
  const int columns = a.heads * a.width;
  int most = 0;
  for (int query = 0; query < a.queries; ++query) {
    float* out = a.out + query * a.out_ld + static_cast<size_t>(a.first_head) * a.width;
    for (int c = 0; c < columns; ++c) out[c] = 0;
    for (int i = 0; i < a.heads; ++i) running[query * a.heads + i] = {masked, 0};
    most = keys_of(a, query) > most ? keys_of(a, query) : most;
  }
  for (int first = 0; first < most; first += decode_block) {
    for (int query = 0; query < a.queries; ++query) {
      const int left = keys_of(a, query) - first;
      if (left <= 0) continue;
      const int count = left < decode_block ? left : decode_block;
      for (int i = 0; i < a.heads; ++i) decode_step<T>(a, query, a.first_head + i, first, count);
    }
  }
  for (int query = 0; query < a.queries; ++query) {
    float* out = a.out + query * a.out_ld + static_cast<size_t>(a.first_head) * a.width;
    for (int i = 0; i < a.heads; ++i) {
      const float scale = 1 / running[query * a.heads + i].total;
      for (int c = 0; c < a.width; ++c) out[i * a.width + c] *= scale;
    }
  }
}

inline void attend_decode(const AttentionHeads& a) {
  a.halves ? attend_decode_of<uint16_t>(a) : attend_decode_of<float>(a);
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
