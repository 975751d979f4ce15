// The other ops of the CPU backend: norms, rope, rows stored and embedded, copies.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/op_check.h"

using namespace yent;
using namespace yent::test;

TEST_CASE("ops: group_norm, groups across the seam, means far from zero") {
  struct Case {
    int a, b, groups, h, w;
    float low, high;
  };
  const Case cases[] = {{6, 6, 3, 5, 7, -1, 1},   {32, 16, 8, 13, 11, -1, 1},
                        {40, 20, 4, 1, 1, -2, 3}, {64, 0, 32, 9, 30, 99, 101},
                        {1, 2, 1, 17, 19, -1, 1}, {33, 31, 2, 3, 3, -0.001f, 0.001f}};
  for (const Case& c : cases) {
    const int channels = c.a + c.b;
    CAPTURE(channels);
    Buffer a({2, c.h, c.w, c.a}, 3, c.low, c.high), b({2, c.h, c.w, c.b}, 1, c.low, c.high);
    Buffer weight({1, 1, 1, channels}), bias({1, 1, 1, channels});
    for (const Fn fn : {Fn::none, Fn::silu, Fn::relu_squared}) {
      const bool affine = fn == Fn::silu;
      NormWeight w{.name = "norm", .weight = {}, .bias = {}};
      if (affine) w.weight = {weight, nullptr}, w.bias = {bias, nullptr};
      // Far from zero, the float inputs themselves hold deviations only to eps * |mean|.
      const float limit = 8 * eps * std::max(1.0f, std::fabs(c.high));  // below 1e-6
      check_op(Buffer({2, c.h, c.w, channels}), limit,
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const ConcatView x = c.b ? ConcatView(a, b) : ConcatView(a);
                 backend.group_norm(arena, to, x, w, c.groups, fn);
               });
    }
  }
}

TEST_CASE("ops: layer_norm and rms_norm, in place too") {
  for (const int columns : {1, 3, 16, 77, 320, 1025}) {
    CAPTURE(columns);
    Buffer x({1, 37, 1, columns}, 2, 3, 5), weight({1, 1, 1, columns}), bias({1, 1, 1, columns});
    const NormWeight plain{.name = "norm", .weight = {}, .bias = {}};
    const NormWeight affine{.name = "norm", .weight = {weight, nullptr}, .bias = {bias, nullptr}};
    for (const NormWeight& w : {plain, affine}) {
      check_op(
          Buffer({1, 37, 1, columns}), 64 * eps,
          [&](Backend& backend, Arena& arena, Buffer& to) { backend.layer_norm(arena, to, x, w); });
      check_op(x, 16 * eps, [&](Backend& backend, Arena& arena, Buffer& to) {
        backend.rms_norm(arena, to, to, w, columns);
      });
    }
  }
  Buffer weight({1, 1, 1, 24});
  check_op(Buffer({1, 5, 1, 96}), 16 * eps, [&](Backend& backend, Arena& arena, Buffer& to) {
    backend.rms_norm(arena, to, to, {.name = "q", .weight = {weight, nullptr}, .bias = {}}, 24);
  });
}

TEST_CASE("ops: rope in both layouts, whole and partial heads, about one to three axes") {
  struct Case {
    int rotated, slice, axes, heads;
  };
  for (const Case& c : {Case{2, 16, 1, 3},
                        {10, 16, 1, 3},
                        {16, 16, 1, 3},
                        {64, 64, 1, 6},
                        {32, 32, 2, 3},
                        {6, 9, 2, 1},
                        {14, 17, 3, 2},
                        {2, 2, 3, 5}}) {
    for (const bool interleaved : {false, true}) {
      CAPTURE(c.rotated);
      CAPTURE(c.axes);
      constexpr int rows = 35;
      Buffer table({1, 40, 1, c.rotated});
      Indices positions;
      for (int i = 0; i < rows * c.axes; ++i) positions.values.push_back(below(40));
      const RopeSpec spec{c.slice * c.axes, interleaved, c.axes};
      check_op(Buffer({1, rows, 1, c.heads * spec.head_width}), 4 * eps,
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 backend.rope(arena, to, table, positions.tensor(c.axes), spec);
               });
    }
  }
}

TEST_CASE("ops: rope about two axes is rope about one, on each half of a head") {
  constexpr int rows = 5, half = 16;
  Buffer table({1, 40, 1, half}), whole({1, rows, 1, 2 * half}), split = whole;
  Indices places, by_axis[2];
  for (int i = 0; i < 2 * rows; ++i) {
    places.values.push_back(below(40));
    by_axis[i % 2].values.push_back(places.values.back());
  }
  const auto backend = make_table_backend(isas().front(), 1);
  TestArena arena;
  backend->rope(arena, whole, table, places.tensor(2), {.head_width = 2 * half, .axes = 2});
  for (const int axis : {0, 1}) {
    backend->rope(arena, split.tensor().cols(axis * half, half), table, by_axis[axis].tensor(),
                  {.head_width = half});
  }
  CHECK(whole == split);
}

TEST_CASE("ops: store_rows and mix are exact") {
  Buffer rows({1, 3, 1, 21});
  Indices where{{4, 0, 2}};
  check_op(Buffer({1, 6, 1, 21}), 0, [&](Backend& backend, Arena& arena, Buffer& to) {
    backend.store_rows(arena, to, rows, where.tensor());
  });
  Buffer x({2, 5, 3, 4}), y({2, 5, 3, 4}, 0), coefficients({1, 1, 1, 3}, 0);
  check_op(Buffer({2, 5, 3, 4}), 0, [&](Backend& backend, Arena& arena, Buffer& to) {
    const Tensor terms[] = {x, to, y};  // one of them is written
    backend.linear_combination(arena, to, terms, coefficients);
  });
  check_op(Buffer({2, 5, 3, 4}), 0, [&](Backend& backend, Arena& arena, Buffer& to) {
    const Tensor terms[] = {x, to, y};
    backend.linear_combination(arena, to, terms, coefficients, true);
  });
}

TEST_CASE("ops: embed sums rows of some tables, in order, and ids below 0 add nothing") {
  constexpr int rows = 37;
  for (const int columns : {1, 7, 64, 288, 600}) {
    CAPTURE(columns);
    Host table({9, columns}), more({300, columns}), blocks({11, columns});
    if (columns % 32 == 0) blocks.make_q8();
    Buffer wide({1, 5, 1, columns}, 9);  // a table whose rows lie apart
    Host* const tables[] = {&blocks, &table, &more};
    Indices ids[4];
    for (size_t i = 0; i < std::size(ids); ++i) {
      const int count = i < 3 ? static_cast<int>(tables[i]->tensor.dims[0]) : 5;
      for (int r = 0; r < rows; ++r) ids[i].values.push_back(below(count + 2) - 2);
      ids[i].values[7] = -5 - static_cast<int>(i);  // a row that no table has
    }
    for (size_t used = 0; used <= std::size(ids); ++used) {
      CAPTURE(used);
      check_op(Buffer({1, rows, 1, columns}), 0, [&](Backend& backend, Arena& arena, Buffer& to) {
        std::vector<PersistentTensor> stored;
        std::vector<Lookup> lookups;
        for (size_t i = 0; i < used; ++i) {
          if (i < 3) stored.push_back(backend.upload(tables[i]->tensor));
          lookups.push_back({i < 3 ? stored.back() : wide.tensor(), ids[i].tensor()});
        }
        backend.embed(arena, to, lookups);
      });
    }
  }
}

TEST_CASE("ops: write and read are inverse and keep to their columns") {
  for (const Isa isa : isas()) {
    const auto backend = make_table_backend(isa, 1);
    Buffer to({1, 4, 1, 5});
    std::vector<float> values(20), back(20);
    for (float& v : values) v = uniform();
    backend->write(to, values.data());
    backend->read(back.data(), to);
    CHECK(back == values);
    CHECK(to.fences_stand());
  }
}
