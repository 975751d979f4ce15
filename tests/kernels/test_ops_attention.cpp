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
