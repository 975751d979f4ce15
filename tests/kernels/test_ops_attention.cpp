// attention of the CPU backend in f32: all widths and lengths, scattered positions, decoding.
#include <doctest/doctest.h>

#include <cmath>

#include "tests/support/op_check.h"

using namespace yent;
using namespace yent::test;

TEST_CASE("ops: attention over widths, lengths and groups of heads") {
  struct Case {
    int images, queries, keys, heads, kv_heads, width;
  };
  const Case cases[] = {{1, 1, 1, 1, 1, 1},      {2, 33, 77, 2, 2, 40},  {1, 70, 70, 1, 1, 512},
                        {1, 5, 400, 4, 2, 24},   {2, 3, 171, 3, 1, 12},  {1, 1, 333, 6, 2, 48},
                        {1, 130, 169, 2, 2, 80}, {1, 40, 40, 1, 1, 160}, {1, 300, 20, 3, 3, 7}};
  for (const Case& c : cases) {
    CAPTURE(c.queries);
    CAPTURE(c.keys);
    CAPTURE(c.width);
    Buffer q({c.images, c.queries, 1, c.heads * c.width}, 5, -2, 2);
    Buffer kv({c.images, c.keys, 1, 2 * c.kv_heads * c.width}, 0, -2, 2);
    const Tensor k = kv.tensor().cols(0, c.kv_heads * c.width);
    const Tensor v = kv.tensor().cols(c.kv_heads * c.width, c.kv_heads * c.width);
    AttnSpec spec{.heads = c.heads, .kv_heads = c.kv_heads};
    spec.scale = 1 / std::sqrt(static_cast<float>(c.width));
    const float limit = eps * (4 * c.width + 64);
    const auto attend = [&](Backend& backend, Arena& arena, Buffer& to) {
      backend.attention(arena, to, q, k, v, spec);
    };
    check_op(Buffer(q), limit, attend);
    // Queries at scattered places of the cache; some see one key only.
    Indices positions;
    for (int i = 0; i < c.queries; ++i) positions.values.push_back(i ? below(c.keys) : 0);
    spec.positions = positions.tensor();
    check_op(Buffer(q), limit, attend);
    // Scores so large that a softmax without a maximum overflows.
    spec.scale = 100;
    check_op(Buffer(q), 2000 * limit, attend);
  }
}

TEST_CASE("ops: attention on a cache of halves, filled by store_rows") {
  struct Case {
    int queries, cache, heads, kv_heads, width;
  };
  for (const Case& c : {Case{1, 1, 1, 1, 8},
                        {1, 333, 6, 6, 64},
                        {3, 200, 4, 2, 24},
                        {4, 70, 5, 1, 7},
                        {33, 180, 3, 3, 40},
                        {70, 71, 2, 1, 64}}) {
    CAPTURE(c.queries);
    CAPTURE(c.width);
    const int columns = c.kv_heads * c.width;
    Buffer q({1, c.queries, 1, c.heads * c.width}, 5, -2, 2);
    Buffer k({1, c.cache, 1, columns}, 3, -2, 2), v({1, c.cache, 1, columns}, 1, -2, 2);
    Indices rows, positions;
    for (int i = 0; i < c.cache; ++i) rows.values.push_back(c.cache - 1 - i);
    for (int i = 0; i < c.queries; ++i) positions.values.push_back(i ? below(c.cache) : 0);
    AttnSpec spec{.heads = c.heads, .kv_heads = c.kv_heads, .scale = 0.3f};
    for (const bool all : {true, false}) {
      spec.positions = all ? Tensor{} : positions.tensor();
      check_op(Buffer({1, c.queries, 1, c.heads * c.width}), eps * (4 * c.width + 64),
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const Shape shape{1, c.cache, 1, columns};
                 const PersistentTensor keys = backend.allocate(shape, DType::f16);
                 const PersistentTensor values = backend.allocate(shape, DType::f16);
                 backend.store_rows(arena, keys, k, rows.tensor());
                 backend.store_rows(arena, values, v, rows.tensor());
                 backend.attention(arena, to, q, keys, values, spec);
               });
    }
  }
}

TEST_CASE("ops: attention of decoding has the same bits on any number of threads") {
  Buffer q({1, 2, 1, 7 * 20}), k({1, 150, 1, 7 * 20}), v({1, 150, 1, 7 * 20});
  const AttnSpec spec{.heads = 7, .kv_heads = 7, .scale = 0.3f};
  for (const Isa isa : isas()) {
    TestArena arena;
    Buffer one({1, 2, 1, 7 * 20}), more = one;
    make_table_backend(isa, 1)->attention(arena, one, q, k, v, spec);
    for (const int threads : {2, 3, 4, 6, 9}) {
      make_table_backend(isa, threads)->attention(arena, more, q, k, v, spec);
      CHECK(more == one);
    }
  }
}

TEST_CASE("ops: attention of decoding agrees with attention of the whole") {
  const int tokens = 50, width = 32;
  Buffer q({1, tokens, 1, width}), k({1, tokens, 1, width}), v({1, tokens, 1, width});
  Indices positions;
  for (int i = 0; i < tokens; ++i) positions.values.push_back(i);
  for (const Isa isa : isas()) {
    const auto backend = make_table_backend(isa, 2);
    TestArena arena;
    Buffer whole({1, tokens, 1, width}), single({1, tokens, 1, width});
    AttnSpec spec{.scale = 0.3f, .positions = positions.tensor()};
    backend->attention(arena, whole, q, k, v, spec);
    for (int i = 0; i < tokens; ++i) {
      Indices here{{i}};
      spec.positions = here.tensor();
      backend->attention(arena, single.tensor().slice(i, 1), q.tensor().slice(i, 1), k, v, spec);
    }
    check_close(single, whole, 64 * eps);
  }
}
