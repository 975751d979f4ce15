// Attention on AMX tiles for wider heads. A block of 128 keys stays in the cache while all queries,
// 32 at a time, go by. Scores and outputs are made four tiles at a time: two of queries by two of
// keys or columns.
#pragma once

#include "kernels/cpu/attention/attention_pack_amx.h"

namespace yent {
namespace {

constexpr int block_steps = 4, pair_queries = 2 * tile_side;

struct WideScratch {  // the queries and sums of all tiles follow it
  alignas(64) float scores[2][block_steps][step_scores];
  uint16_t weights[2][block_steps][step_scores];
};

struct WideTile {
  char* queries;  // [piece][query][column]
  float* sums;    // [value tile][query][column]
  RowMax* row_max;
};

struct WideRooms {
  const HeadLayout& at;
  char* base;

  size_t tile_room() const { return (at.pieces + at.value_tiles) * tile_bytes + sizeof(RowMax); }
  WideTile tile(int index) const {
    char* from = base + sizeof(WideScratch) + index * tile_room();
    char* sums = from + at.pieces * tile_bytes;
    return {from, reinterpret_cast<float*>(sums),
            reinterpret_cast<RowMax*>(sums + at.value_tiles * tile_bytes)};
  }
};

inline size_t wide_scratch(const HeadLayout& at, int queries) {
  const int tiles = ceil_div(queries, pair_queries) * 2;
  return sizeof(WideScratch) + tiles * WideRooms{at, nullptr}.tile_room();
}

inline void wide_scores(const HeadLayout& at, const char* keys, const WideTile& a,
                        const WideTile& b, float* to_a, float* to_b) {
  tile_zero<0>();
  tile_zero<1>();
  tile_zero<2>();
  tile_zero<3>();
  for (size_t p = 0; p < at.pieces * tile_bytes; p += tile_bytes) {
    tile_load<4>(a.queries + p, tile_line);
    tile_load<6>(keys + p, tile_line);
    tile_multiply<false, 0, 4, 6>();
    tile_load<7>(keys + at.half_bytes + p, tile_line);
    tile_multiply<false, 1, 4, 7>();
    tile_load<5>(b.queries + p, tile_line);
    tile_multiply<false, 2, 5, 6>();
    tile_multiply<false, 3, 5, 7>();
  }
  tile_store<0>(to_a, step_keys * sizeof(float));
  tile_store<1>(to_a + tile_side, step_keys * sizeof(float));
  tile_store<2>(to_b, step_keys * sizeof(float));
  tile_store<3>(to_b + tile_side, step_keys * sizeof(float));
}

// Two tiles of columns, or one.
template <bool Two>
// NOLINTNEXTLINE(readability-function-size): the innermost call; a struct would go through memory
inline void wide_weighted_sum(const HeadLayout& at, const char* values, int steps, bool first,
                              const WideScratch& room, float* a, float* b) {
  constexpr int tile = tile_side * tile_side;
  if (first) {
    tile_zero<0>();
    tile_zero<1>();
    tile_zero<2>();
    tile_zero<3>();
  } else {
    tile_load<0>(a, tile_line);
    tile_load<2>(b, tile_line);
    if (Two) tile_load<1>(a + tile, tile_line);
    if (Two) tile_load<3>(b + tile, tile_line);
  }
  for (int s = 0; s < steps; ++s, values += at.value_bytes) {
    tile_load<4>(room.weights[0][s], tile_line);
    tile_load<6>(values, tile_line);
    tile_multiply<false, 0, 4, 6>();
    if (Two) tile_load<7>(values + tile_bytes, tile_line);
    if (Two) tile_multiply<false, 1, 4, 7>();
    tile_load<5>(room.weights[1][s], tile_line);
    tile_multiply<false, 2, 5, 6>();
    if (Two) tile_multiply<false, 3, 5, 7>();
  }
  tile_store<0>(a, tile_line);
  tile_store<2>(b, tile_line);
  if (Two) tile_store<1>(a + tile, tile_line);
  if (Two) tile_store<3>(b + tile, tile_line);
}

inline void wide_rescale(const HeadLayout& at, const WideTile& t) {
  for (int row = 0; row < at.value_tiles * tile_side; ++row) {
    float* to = t.sums + row * tile_side;
    store(to, mul(load(to), set1(t.row_max->factor[row % tile_side])));
  }
}

template <bool OutOfRange>
inline void wide_block(const HeadLayout& at, const char* packed, int from, WideScratch& room,
                       const WideTile (&tiles)[2], float units) {
  const Softmax<OutOfRange> softmax(units);
  const int steps = at.steps - from < block_steps ? at.steps - from : block_steps;
  const bool first = from == 0;
  const char* keys = packed + 2 * from * at.half_bytes;
  __m512i seen[2] = {};
  for (int s = 0; s <= steps; ++s, keys += 2 * at.half_bytes) {
    if (s < steps) {
      wide_scores(at, keys, tiles[0], tiles[1], room.scores[0][s], room.scores[1][s]);
    }
    for (int t = 0; t < 2 && s && !first; ++t) {
      softmax.template rows<0, tile_side>(room.scores[t][s - 1], *tiles[t].row_max,
                                          room.weights[t][s - 1], seen + t);
    }
  }
  for (int t = 0; t < 2; ++t) {
    if (!first && !softmax.too_large(seen[t])) continue;
    softmax.raise(room.scores[t][0], steps, first, tiles[t].row_max, room.weights[t][0]);
    if (!first) wide_rescale(at, tiles[t]);
  }
  const char* values = packed + at.values_at() + from * at.value_bytes;
  float *a = tiles[0].sums, *b = tiles[1].sums;
  for (int t = 0; t < at.value_tiles; t += 2, values += 2 * tile_bytes) {
    const bool two = t + 1 < at.value_tiles;
    (two ? wide_weighted_sum<true> : wide_weighted_sum<false>)(at, values, steps, first, room, a,
                                                               b);
    a += 2 * tile_side * tile_side, b += 2 * tile_side * tile_side;
  }
}

inline void attend_wide(const AttentionQueries& a) {
  const HeadLayout at(a.keys, a.width);
  const WideRooms rooms{at, static_cast<char*>(a.scratch)};
  WideScratch& room = *static_cast<WideScratch*>(a.scratch);
  const char* packed = static_cast<const char*>(a.packed);
  const float units = a.scale * log2_e * log2_unit, absmax = key_absmax(a, at);
  const int pairs = ceil_div(a.queries, pair_queries);
  bool out_of_range = false;  // where one tile is, Softmax<true> gives the others the same
  for (int t = 0; t < 2 * pairs; ++t) {
    const WideTile tile = rooms.tile(t);
    const float query_absmax = pack_queries(a, at, t * tile_side, tile.queries);
    tile.row_max->clear();
    tile.row_max->out_of_range = out_of_range_rows(a, t * tile_side, query_absmax, absmax, units);
    out_of_range |= tile.row_max->out_of_range != 0;
  }
  tiles_begin();
  for (int from = 0; from < at.steps; from += block_steps) {
    for (int pair = 0; pair < pairs; ++pair) {
      const WideTile tiles[2] = {rooms.tile(2 * pair), rooms.tile(2 * pair + 1)};
      (out_of_range ? wide_block<true> : wide_block<false>)(at, packed, from, room, tiles, units);
    }
  }
  tiles_end();
  for (int t = 0; t < 2 * pairs; ++t) {
    store_queries(a, at, t * tile_side, rooms.tile(t).sums);
  }
}

}  // namespace
}  // namespace yent
