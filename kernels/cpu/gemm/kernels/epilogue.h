// Gemm::store_tile for sums that lie as [mr][nr]: from sums to stored outputs. The scales and
// biases of the columns are loaded once and stay in registers while the rows go by.
#pragma once

#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/simd/simd_activation.h"

namespace yent {
namespace {

inline V load_element(const void* p, Element type, size_t at, int n) {
  if (type == Element::bf16) return load_bf16(static_cast<const uint16_t*>(p) + at, n);
  const float* from = static_cast<const float*>(p) + at;
  return n == W ? load(from) : load_part(from, n);
}

inline void store_element(void* p, Element type, size_t at, V v, int n) {
  if (type == Element::bf16) {
    store_bf16(static_cast<uint16_t*>(p) + at, v, n);
  } else {
    float* to = static_cast<float*>(p) + at;
    n == W ? store(to, v) : store_part(to, v, n);
  }
}

// The sums of a tile: f32; int32, scaled by the column and by the row; or int32 from which
// GemmTile::compensation is subtracted first.
enum class Kind { floats, quantized, compensated };

template <int NR, Kind K, bool Gated, bool Short>
struct TileStore {
  static constexpr bool Quantized = K != Kind::floats;
  static constexpr int sums_wide = Gated ? 2 : 1;  // vectors of sums for a vector of outputs
  static_assert(NR % (sums_wide * W) == 0, "a vector of values needs a vector of gates");

  // Prefetches to the second-level cache.
  template <int Wide>
  static void fetch(const void* p, Element type, size_t at) {
    const char* from = static_cast<const char*>(p) + at * (type == Element::bf16 ? 2 : 4);
    __builtin_prefetch(from, 0, 2);
    if (Wide == 2 && type != Element::bf16) __builtin_prefetch(from + 64, 0, 2);
  }

  // One vector from column `at` of the tile, or two: values and gates.
  static void fetch(const float* from, int at, V* to) {
    to[0] = load(from + at);
    if constexpr (Gated) split(to[0], load(from + at + W), to, to + 1);
  }

  static V quantized_sums(const GemmTile& t, int row, int at) {
    const int32_t* from = static_cast<const int32_t*>(t.sums) + row * NR + at;
    return K == Kind::quantized ? load_i32(from) : load_i32_less(from, t.compensation + at);
  }

  static void sums(const GemmTile& t, int row, int at, V* to) {
    if constexpr (Quantized) {
      to[0] = quantized_sums(t, row, at);
      if constexpr (Gated) split(to[0], quantized_sums(t, row, at + W), to, to + 1);
    } else {
      fetch(static_cast<const float*>(t.sums) + row * NR, at, to);
    }
  }

  static V apply_fn(Fn fn, V x) { return Short ? apply_short(fn, x) : apply(fn, x); }

  // `Wide` vectors of outputs from column `to` on, n lanes of each, for rows [first, last). A plain
  // tile has neither an activation function nor a bias per image.
  template <int Wide, bool Plain>
  static inline __attribute__((always_inline)) void columns(const GemmTile& tile, int first,
                                                            int last, int to, int n) {
    const GemmTile t = tile;  // a copy, so that the compiler knows no store changes it
    constexpr int step = sums_wide * W;
    V bias[Wide][2], scale[Wide][2], y[Wide];
    for (int v = 0; v < Wide; ++v) {
      fetch(t.bias, to * sums_wide + v * step, bias[v]);
      if constexpr (Quantized) fetch(t.column_scale, to * sums_wide + v * step, scale[v]);
    }
    for (int row = first; row < last; ++row) {
      const V row_scale = Quantized ? set1(t.row_scale[row]) : zero();
      for (int v = 0; v < Wide; ++v) {
        V value[2];
        sums(t, row, to * sums_wide + v * step, value);
        for (int i = 0; i < sums_wide; ++i) {
          if constexpr (Quantized) value[i] = mul(value[i], mul(scale[v][i], row_scale));
          value[i] = add(value[i], bias[v][i]);
        }
        const V activated = Plain ? value[sums_wide - 1] : apply_fn(t.fn, value[sums_wide - 1]);
        y[v] = Gated ? mul(value[0], activated) : activated;
        const int at = to + v * W;
        if (!Plain && t.row_bias)
          y[v] = add(y[v], load_element(t.row_bias[row], Element::f32, at, n));
        if (t.residual) {
          const size_t from = row * t.residual_ld + at;
          y[v] = add(y[v], load_element(t.residual, t.residual_type, from, n));
        }
      }
      const size_t at = row * t.out_ld + to;
      // A gated tile stores half a cache line at once, which must be read first.
      if (Gated) fetch<Wide>(t.out, t.out_type, at + t.prefetch * t.out_ld);
      if (t.residual) {
        fetch<Wide>(t.residual, t.residual_type,
                    row * t.residual_ld + to + t.prefetch * t.residual_ld);
      }
      if (Wide == 2 && t.out_type == Element::bf16) {
        store_bf16_pair(static_cast<uint16_t*>(t.out) + at, y[0], y[Wide - 1], t.non_temporal);
      } else {
        for (int v = 0; v < Wide; ++v) store_element(t.out, t.out_type, at + v * W, y[v], n);
      }
    }
  }

  // Two vectors at once are stored together, where there are enough registers.
  template <bool Plain>
  static void rows(const GemmTile& t, int first, int last) {
    const int width = t.columns / sums_wide;
    constexpr int wide = W == 16 && NR % (2 * sums_wide * W) == 0 ? 2 : 1;
    int to = 0;
    for (; to + wide * W <= width; to += wide * W) columns<wide, Plain>(t, first, last, to, W);
    for (; to + W <= width; to += W) columns<1, Plain>(t, first, last, to, W);
    if (to < width) columns<1, Plain>(t, first, last, to, width - to);
  }

  static void run(const GemmTile& t, int first, int last) {
    const bool plain = t.fn == Fn::none && !t.row_bias;
    (plain ? rows<true> : rows<false>)(t, first, last);
  }
};

// The function that stores rows [first, last) of such a tile.
template <int NR, Kind K>
auto tile_store(const GemmTile& t) {
  const bool is_short = t.out_type != Element::f32;
  if (t.gated)
    return is_short ? TileStore<NR, K, true, true>::run : TileStore<NR, K, true, false>::run;
  return is_short ? TileStore<NR, K, false, true>::run : TileStore<NR, K, false, false>::run;
}

template <int NR>
void store_tile(const GemmTile& t) {
  tile_store<NR, Kind::floats>(t)(t, 0, t.rows);
}

template <int NR, bool compensation = false>
void store_quantized_tile(const GemmTile& t) {
  tile_store<NR, compensation ? Kind::compensated : Kind::quantized>(t)(t, 0, t.rows);
}

}  // namespace
}  // namespace yent
