// attention.h in int8, with the instructions of simd_dot.h. The unsigned side of a product are the
// queries (of scores) and the weights (of values). Where the instructions take two signed sides,
// the weights, from 0 to 255, are stored 128 lower instead.
//
// As in attention_kernel.h queries lie in the lanes: scores are keys x queries, the output is
// channels x queries. Keys are packed in steps: a key has a scale, and so has each channel of a
// step's values. The weights of a step are quantized from 0 to 255 of its greatest, so that a long
// row of small ones does not vanish. They are summed as they were rounded, by one more channel
// whose values are all 1.
#pragma once

#include "kernels/cpu/attention/attention.h"
#include "kernels/cpu/simd/simd_dot.h"
#include "kernels/cpu/simd/simd_math.h"

namespace yent {
namespace {

// How a row of the table multiplies: keys and values are quantized to -limit .. limit.
struct DotProduct {
  static constexpr int limit = 127;
  static Quads add(Quads sums, Quads raised, Quads quantized) {
    return dot(sums, raised, quantized);
  }
};

// The scale of values of magnitudes up to `absmax`. NaN and infinity stay NaN and infinity.
inline float scale_of(float absmax, int limit) {
  return (absmax < 1e-30f ? 1e-30f : absmax) * (1 / static_cast<float>(limit));
}

// Sums of quantized values, 0 where they are not finite.
inline V finite(V sums) { return where_le(mul(sums, zero()), zero(), sums, zero()); }

constexpr int weight_offset = 128 - dot_offset;  // subtracted from stored weights

// The first n lanes of an input.
inline V load_input(const uint16_t* p, int n) { return load_bf16(p, n); }
inline V load_input(const float* p, int n) { return n == W ? load(p) : load_part(p, n); }

// The greatest magnitude of a row, NaN where one is NaN.
inline float absmax_input(const uint16_t* row, int count) { return absmax_bf16(row, count); }
inline float absmax_input(const float* row, int count) {
  V top = zero(), wrong = zero();
  for (int c = 0; c < count; c += W) {
    const V v = load_input(row + c, count - c < W ? count - c : W);
    top = max(top, max(v, sub(zero(), v)));
    wrong = fma(v, zero(), wrong);
  }
  return greatest(top) + sum(wrong);
}

template <int M, int N, int Keys, class T, class Product>
struct QuantizedAttention {
  static constexpr int L = N * W;
  static constexpr int piece = M < W ? M : W;  // channels that a vector of values holds
  static_assert(Keys % M == 0 && Keys % 4 == 0 && M % piece == 0);

  // With the channel of ones, on whole tiles.
  static int channels(int width) { return (width + M) / M * M; }
  static int quads(int width) { return (width + 3) / 4; }

  struct Step {
    float *key_scale, *value_scale;    // [key], [channel]
    int32_t *key_start, *value_start;  // of sums: compensates the offset of the other side
    int8_t* keys;                      // [key / M][width / 4][M][4]
    int8_t* values;                    // [channel / M][key / 4][M][4]

    Step(const void* packed, int index, int width) {
      char* at = static_cast<char*>(const_cast<void*>(packed)) + index * bytes(width);
      key_scale = reinterpret_cast<float*>(at);
      key_start = reinterpret_cast<int32_t*>(key_scale + Keys);
      value_scale = reinterpret_cast<float*>(key_start + Keys);
      value_start = reinterpret_cast<int32_t*>(value_scale + channels(width));
      keys = reinterpret_cast<int8_t*>(value_start + channels(width));
      values = keys + Keys * quads(width) * 4;
    }

    static size_t bytes(int width) {
      const size_t c = channels(width), quantized = Keys * (4 * quads(width) + c);
      return round_up(8 * (Keys + c) + quantized + 4 * W, 64);
    }
  };

  static size_t packed_bytes(int keys, int width) {
    return ceil_div(keys, Keys) * Step::bytes(width);
  }

  // Quantizes a row times `factor`, padded with zeros. Four neighbours form a quad, a number whose
  // bits are changed by `flip`; it goes to to[quad * step]. Returns the scale; adds to `sum`.
  // NOLINTNEXTLINE(readability-function-size): inlined, with constants for four of them
  static float quantize_row(void* to, int step, const T* row, int width, float factor, int limit,
                            uint32_t flip, V* sum) {
    const float size = factor < 0 ? -factor : factor;
    const float row_scale = scale_of(absmax_input(row, width) * size, limit);
    const V scale = set1(factor / row_scale);
    for (int c = 0; c < width; c += W) {
      const int n = width - c < W ? width - c : W;
      const V whole = round_even(mul(load_input(row + c, n), scale));
      *sum = add(*sum, whole);
      int8_t quantized[W];
      store_i8(quantized, whole);
      for (int i = 0; i < n; i += 4) {
        uint32_t four;
        __builtin_memcpy(&four, quantized + i, 4);
        four ^= flip;
        __builtin_memcpy(static_cast<char*>(to) + (c + i) * step, &four, 4);
      }
    }
    return row_scale;
  }

  static void pack(const AttentionKeysOf<T>& a, int first) {
    const int count = a.keys - first < Keys ? a.keys - first : Keys;
    const Step step(a.packed, first / Keys, a.width);
    const float not_finite_keys = pack_keys(a, first, count, step);
    for (int c = 0; c < a.width; c += piece) pack_values(a, first, count, c, not_finite_keys, step);
    step.value_scale[a.width] = 1;
    step.value_start[a.width] = weight_offset * count;
    int8_t* ones = values_of(step, a.width);
    for (int key = 0; key < (count + 3) / 4 * 4; ++key) {
      ones[key / 4 * M * 4 + key % 4] = key < count ? 1 : 0;
    }
  }

  // Returns 0, or NaN if a key is not finite.
  static float pack_keys(const AttentionKeysOf<T>& a, int first, int count, const Step& step) {
    float not_finite_keys = 0;
    for (int key = 0; key < count; ++key) {
      int8_t* to = step.keys + (key / M * quads(a.width) * M + key % M) * 4;
      V total = zero();
      const float row_scale =
          quantize_row(to, M, a.k + (first + key) * a.k_ld, a.width, 1, Product::limit, 0, &total);
      step.key_scale[key] = row_scale;
      step.key_start[key] = dot_offset ? -dot_offset * static_cast<int>(sum(finite(total))) : 0;
      not_finite_keys += row_scale * 0;
    }
    return not_finite_keys;
  }

  static int8_t* values_of(const Step& step, int channel) {
    return step.values + channel / M * M * Keys + channel % M * 4;
  }

  // The values of a vector of channels, from c on. Lanes beyond the tile are overwritten by the
  // next call.
  static void pack_values(const AttentionKeysOf<T>& a, int first, int count, int c,
                          float not_finite_keys, const Step& step) {
    const int n = a.width - c < W ? a.width - c : W;
    const T* from = a.v + first * a.v_ld + c;
    V absmax = set1(1e-30f), not_finite = set1(not_finite_keys), total = zero();
    for (int key = 0; key < count; ++key) {
      const V v = load_input(from + key * a.v_ld, n);
      absmax = max(absmax, max(v, sub(zero(), v)));
      not_finite = fma(v, zero(), not_finite);
    }
    const V row_scale = mul(absmax, set1(1 / static_cast<float>(Product::limit)));
    const V scale = div(set1(1), row_scale);
    store_part(step.value_scale + c, add(row_scale, not_finite), n);
    uint8_t* to = reinterpret_cast<uint8_t*>(values_of(step, c));
    for (int key = 0; key < count; key += 4, to += M * 4) {
      V quantized[4];
      for (int i = 0; i < 4; ++i) {
        quantized[i] = zero();
        if (key + i < count) {
          quantized[i] = round_even(mul(load_input(from + (key + i) * a.v_ld, n), scale));
        }
        if constexpr (weight_offset) total = add(total, quantized[i]);
        quantized[i] = add(quantized[i], set1(128));
      }
      store_quads(to, flip(round_to_quads(quantized)));
    }
    float sums[W];
    store(sums, finite(total));
    for (int i = 0; i < n; ++i) {
      step.value_start[c + i] = weight_offset * static_cast<int>(sums[i]);
    }
  }

  const AttentionQueriesOf<T>& a;
  float *scores, *sums;                       // [key][L]; [channel][L]: the output before division
  float *row_scale, *row_max, *past, *fresh;  // [L]: of a query; greatest score so far; factors of
                                              // the sums before and of this step
  uint8_t *queries, *weights;                 // [width / 4][L][4]; [key / 4][L][4]

  static size_t scratch_bytes(int, int width) {
    return L * (4 * (Keys + channels(width) + 4) + 4 * quads(width) + Keys);
  }

  explicit QuantizedAttention(const AttentionQueriesOf<T>& block) : a(block) {
    scores = static_cast<float*>(a.scratch);
    sums = scores + Keys * L;
    row_scale = sums + channels(a.width) * L;
    row_max = row_scale + L;
    past = row_max + L;
    fresh = past + L;
    queries = reinterpret_cast<uint8_t*>(fresh + L);
    weights = queries + 4 * quads(a.width) * L;
  }

  // sums [R][L] = start[row] + the products of `count` quads. Not inlined: it needs all registers.
  template <int R>
  static __attribute__((noinline)) void tile(int32_t* to, const int8_t* left, const uint8_t* right,
                                             int count, const int32_t* start) {
    Quads total[R][N];
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) total[i][j] = all_quads(start[i]);
    }
    for (int p = 0; p < count; ++p, left += 4 * M, right += 4 * L) {
      Quads column[N];
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) column[j] = load_quads(right + j * W * 4);
#pragma GCC unroll 16
      for (int i = 0; i < R; ++i) {
        const Quads row = one_quad(left + i * 4);
#pragma GCC unroll 4
        for (int j = 0; j < N; ++j) total[i][j] = Product::add(total[i][j], column[j], row);
      }
    }
#pragma GCC unroll 16
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 4
      for (int j = 0; j < N; ++j) store_quads(to + i * L + j * W, total[i][j]);
    }
  }

  // The same for a number of rows <= R known only at run time.
  template <int R>
  static void multiply(int32_t* to, const int8_t* left, const uint8_t* right, int rows, int count,
                       const int32_t* start) {
    if constexpr (R > 1) {
      if (rows < R) return multiply<R - 1>(to, left, right, rows, count, start);
    }
    tile<R>(to, left, right, count, start);
  }

  // The scores of a tile, f32 in place of the int32 sums.
  void score(const Step& step, int key, int rows, V* absmax) const {
    float* to = scores + key * L;
    int32_t* sums = reinterpret_cast<int32_t*>(to);
    const int count = quads(a.width);
    multiply<M>(sums, step.keys + key * count * 4, queries, rows, count, step.key_start + key);
    V top[N];
    for (int j = 0; j < N; ++j) top[j] = absmax[j];
    for (int i = 0; i < rows; ++i) {
      const V scale = set1(step.key_scale[key + i]);
      for (int j = 0; j < N; ++j) {
        const V s = mul(load_i32(sums + i * L + j * W), scale);
        store(to + i * L + j * W, s);
        top[j] = max(top[j], s);
      }
    }
    for (int j = 0; j < N; ++j) absmax[j] = top[j];
  }

  void linear_combination(const Step& step, int channel, int rows, int count) const {
    int32_t* added = reinterpret_cast<int32_t*>(scores);
    multiply<M>(added, step.values + channel * Keys, weights, rows, count,
                step.value_start + channel);
    V before[N], now[N];
    for (int j = 0; j < N; ++j) before[j] = load(past + j * W), now[j] = load(fresh + j * W);
    for (int i = 0; i < rows; ++i) {
      const V scale = set1(step.value_scale[channel + i]);
      for (int j = 0; j < N; ++j) {
        float* to = sums + (channel + i) * L + j * W;
        const V s = mul(load_i32(added + i * L + j * W), scale);
        store(to, fma(s, now[j], mul(load(to), before[j])));
      }
    }
  }

  void pack_queries(int first) const {
    for (int i = 0; i < L; ++i) {
      const int query = first + i < a.queries ? first + i : a.queries - 1;
      V total = zero();  // unused
      row_scale[i] = quantize_row(queries + i * 4, L, a.q + query * a.q_ld, a.width,
                                  a.scale * 1.44269504f, 127,  // exponentials are powers of two
                                  dot_offset * 0x01010101u, &total);
    }
    for (int i = 0; i < L; i += W) store(row_max + i, set1(-3e38f));
    for (int i = 0; i < (a.width + 1) * L; i += W) store(sums + i, zero());
  }

  // Turns the scores of a step into weights. Differences are taken before they are scaled: scores
  // may be too large for the other order.
  void weigh(int count, const V* absmax) const {
    V scale[N];
    for (int j = 0; j < N; ++j) {
      scale[j] = load(row_scale + j * W);
      const V here = mul(absmax[j], scale[j]), before = load(row_max + j * W),
              top = max(before, here);
      store(row_max + j * W, top);
      store(past + j * W, exp2(sub(before, top)));
      store(fresh + j * W, exp2(sub(here, top)));
    }
    for (int key = count; key % 4; ++key) {
      for (int j = 0; j < N; ++j) store(scores + key * L + j * W, set1(-3e38f));
    }
    const V log2_255 = set1(7.99435344f);
    for (int key = 0; key < count; key += 4) {
      for (int j = 0; j < N; ++j) {
        const float* from = scores + key * L + j * W;
        V e[4];
        for (int i = 0; i < 4; ++i) {
          e[i] = exp2_short(fma(sub(load(from + i * L), absmax[j]), scale[j], log2_255));
        }
        const Quads quantized = round_to_quads(e);
        store_quads(weights + key * L + j * W * 4, weight_offset ? flip(quantized) : quantized);
      }
    }
  }

  void store_out(int first) const {
    for (int lane = 0; lane < L && first + lane < a.queries; lane += W) {
      const int left = a.queries - first - lane, m = left < W ? left : W;
      const V scale = div(set1(1), load(sums + a.width * L + lane));
      for (int c = 0; c < a.width; c += W) {
        const int n = a.width - c < W ? a.width - c : W;
        V block[W];
        for (int i = 0; i < W; ++i) {
          block[i] = i < n ? mul(load(sums + (c + i) * L + lane), scale) : zero();
        }
        transpose(block);
        for (int i = 0; i < m; ++i) {
          const size_t at = (first + lane + i) * a.out_ld + c;
          if (a.out_f32) {
            store_part(static_cast<float*>(a.out) + at, block[i], n);
          } else {
            store_bf16(static_cast<uint16_t*>(a.out) + at, block[i], n);
          }
        }
      }
    }
  }

  void panel(int first) const {
    pack_queries(first);
    for (int key = 0; key < a.keys; key += Keys) {
      const Step step(a.packed, key / Keys, a.width);
      const int count = a.keys - key < Keys ? a.keys - key : Keys;
      V absmax[N];
      for (int j = 0; j < N; ++j) absmax[j] = set1(-3e38f);
      for (int i = 0; i < count; i += M) score(step, i, count - i < M ? count - i : M, absmax);
      weigh(count, absmax);
      for (int c = 0; c <= a.width; c += M) {
        linear_combination(step, c, a.width + 1 - c < M ? a.width + 1 - c : M, (count + 3) / 4);
      }
    }
    store_out(first);
  }

  static void block(const AttentionQueriesOf<T>& a) {
    const QuantizedAttention kernel(a);
    for (int first = 0; first < a.queries; first += L) kernel.panel(first);
  }
};

template <int M, int N, int Keys, class T = uint16_t, class Product = DotProduct>
constexpr PackedAttentionOf<T> attention_i8(const char* name, Isa isa) {
  using Kernel = QuantizedAttention<M, N, Keys, T, Product>;
  return {.name = name,
          .isa = isa,
          .keys = Keys,
          .queries = Kernel::L,
          .packed_bytes = Kernel::packed_bytes,
          .scratch_bytes = Kernel::scratch_bytes,
          .pack = Kernel::pack,
          .block = Kernel::block};
}

}  // namespace
}  // namespace yent
