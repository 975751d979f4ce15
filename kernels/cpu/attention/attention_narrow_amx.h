// Attention on AMX tiles for heads up to 47 wide. The output of 16 queries stays in tile registers
// 0-2 over all keys. Three steps of keys are in flight: the scores of the next one and the values
// of the one before are multiplied while the vector units make this one's exponentials. The order
// of the instructions below is the fastest of some twenty tried.
//
// Register 3 holds scores, 4 queries or exponentials, 5 and 7 the second pieces of queries and
// keys, 6 keys or values.
#pragma once

#include "kernels/cpu/attention/attention_pack_amx.h"

namespace yent {
namespace {

struct NarrowScratch {
  alignas(64) char queries[2 * tile_bytes];
  float scores[4][step_scores];
  uint16_t weights[2][step_scores];
  float sums[narrow_values][tile_side * tile_side];
  RowMax row_max;
};

inline TileShapes narrow_shapes(const HeadLayout& at) {
  TileShapes shapes;
  shapes.row_bytes[5] = 4 * at.last_pairs;
  shapes.rows[7] = at.last_pairs;
  return shapes;
}

constexpr size_t score_line = step_keys * sizeof(float);

inline void narrow_first_piece(const char* keys) {
  tile_load<6>(keys, tile_line);
  tile_zero<3>();
  tile_multiply<false, 3, 4, 6>();
}

inline void narrow_second_piece(const char* keys) {
  tile_load<7>(keys + tile_bytes, tile_line);
  tile_multiply<false, 3, 5, 7>();
}

template <int Tile>
inline void narrow_values_tile(const char* values) {
  tile_load<6>(values + Tile * tile_bytes, tile_line);
  tile_multiply<false, Tile, 4, 6>();
}

inline void narrow_scores(const HeadLayout& at, const NarrowScratch& room, const char* keys,
                          float* scores) {
  tile_load<4>(room.queries, tile_line);
  for (int half = 0; half < 2; ++half, keys += at.half_bytes, scores += tile_side) {
    narrow_first_piece(keys);
    narrow_second_piece(keys);
    tile_store<3>(scores, score_line);
  }
}

inline void narrow_weighted_sum(const uint16_t* weights, const char* values) {
  tile_load<4>(weights, tile_line);
  narrow_values_tile<0>(values);
  narrow_values_tile<1>(values);
  narrow_values_tile<2>(values);
}

inline void narrow_store(NarrowScratch& room) {
  tile_store<0>(room.sums[0], tile_line);
  tile_store<1>(room.sums[1], tile_line);
  tile_store<2>(room.sums[2], tile_line);
}

__attribute__((noinline)) inline void narrow_rescale(NarrowScratch& room) {
  narrow_store(room);
  for (int t = 0; t < narrow_values; ++t) {
    for (int i = 0; i < tile_side; ++i) {
      float* row = room.sums[t] + i * tile_side;
      store(row, mul(load(row), set1(room.row_max.factor[i])));
    }
  }
  tile_load<0>(room.sums[0], tile_line);
  tile_load<1>(room.sums[1], tile_line);
  tile_load<2>(room.sums[2], tile_line);
}

// The tile of queries that lies packed in `room`.
template <bool OutOfRange>
inline void narrow_attend(const HeadLayout& at, const char* packed, NarrowScratch& room,
                          float units) {
  const Softmax<OutOfRange> softmax(units);
  const int last = at.steps - 1;
  const auto keys_of = [&](int step) { return packed + 2 * step * at.half_bytes; };
  const auto values_of = [&](int step) { return packed + at.values_at() + step * at.value_bytes; };
  room.row_max.clear();
  tile_load<5>(room.queries + tile_bytes, tile_line);
  narrow_scores(at, room, keys_of(0), room.scores[0]);
  narrow_scores(at, room, keys_of(last ? 1 : 0), room.scores[1]);
  softmax.raise(room.scores[0], 1, true, &room.row_max, room.weights[0]);
  tile_zero<0>();
  tile_zero<1>();
  tile_zero<2>();
  for (int s = 1; s <= last; ++s) {
    const char *keys = keys_of(s < last ? s + 1 : s), *other = keys + at.half_bytes;
    const char* values = values_of(s - 1);
    const float* scores = room.scores[s & 3];
    float* next = room.scores[(s + 1) & 3];
    uint16_t* weights = room.weights[s & 1];
    __m512i seen = _mm512_setzero_si512();
    tile_load<4>(room.queries, tile_line);
    narrow_first_piece(keys);
    softmax.template rows<0, 2>(scores, room.row_max, weights, &seen);
    narrow_second_piece(keys);
    tile_store<3>(next, score_line);
    softmax.template rows<2, 2>(scores, room.row_max, weights, &seen);
    narrow_first_piece(other);
    softmax.template rows<4, 2>(scores, room.row_max, weights, &seen);
    narrow_second_piece(other);
    tile_store<3>(next + tile_side, score_line);
    tile_load<4>(room.weights[(s - 1) & 1], tile_line);
    narrow_values_tile<0>(values);
    softmax.template rows<6, 2>(scores, room.row_max, weights, &seen);
    narrow_values_tile<1>(values);
    softmax.template rows<8, 2>(scores, room.row_max, weights, &seen);
    narrow_values_tile<2>(values);
    softmax.template rows<10, 6>(scores, room.row_max, weights, &seen);
    if (softmax.too_large(seen)) {
      softmax.raise(scores, 1, false, &room.row_max, weights);
      narrow_rescale(room);
    }
  }
  narrow_weighted_sum(room.weights[last & 1], values_of(last));
  narrow_store(room);
}

inline void attend_narrow(const AttentionQueries& a) {
  const HeadLayout at(a.keys, a.width);
  NarrowScratch& room = *static_cast<NarrowScratch*>(a.scratch);
  const char* packed = static_cast<const char*>(a.packed);
  const float units = a.scale * log2_e * log2_unit, absmax = key_absmax(a, at);
  tiles_begin(narrow_shapes(at));
  for (int first = 0; first < a.queries; first += tile_side) {
    const float query_absmax = pack_queries(a, at, first, room.queries);
    room.row_max.out_of_range = out_of_range_rows(a, first, query_absmax, absmax, units);
    if (room.row_max.out_of_range) {
      narrow_attend<true>(at, packed, room, units);
    } else {
      narrow_attend<false>(at, packed, room, units);
    }
    store_queries(a, at, first, room.sums[0]);
  }
  tiles_end();
}

}  // namespace
}  // namespace yent
