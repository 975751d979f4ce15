// conv3x3 of the CPU backend: odd shapes, strides, pads, upsampling; and products of NaN and
// infinity.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/op_check.h"

using namespace yent;
using namespace yent::test;

TEST_CASE("ops: conv3x3 over sizes, strides, pads and enlargement") {
  struct Case {
    int h, w, in, out, out_h, out_w;
    ConvGeom geom;
  };
  const Case cases[] = {{1, 1, 1, 1, 1, 1, {}},
                        {5, 7, 3, 4, 5, 7, {}},
                        {8, 6, 20, 33, 8, 6, {}},
                        {3, 11, 64, 70, 3, 11, {}},
                        {6, 6, 8, 5, 3, 3, {.stride = 2}},
                        {7, 5, 9, 40, 4, 3, {.stride = 2}},
                        {6, 8, 5, 6, 3, 4, {.stride = 2, .pad_top = 0, .pad_left = 0}},
                        {3, 16, 64, 70, 3, 16, {}},
                        {2, 32, 33, 40, 2, 32, {}},
                        {4, 32, 20, 9, 2, 16, {.stride = 2}},
                        {3, 16, 40, 33, 6, 32, {.upsample = true}},
                        {4, 3, 12, 7, 8, 6, {.upsample = true}},
                        {4, 5, 12, 7, 7, 9, {.upsample = true}}};
  for (const Case& c : cases) {
    for (const Precision precision : precisions) {
      CAPTURE(c.h);
      CAPTURE(c.in);
      CAPTURE(c.out_h);
      CAPTURE(static_cast<int>(precision));
      Host weight({c.out, c.in, 3, 3}), bias({c.out});
      Buffer x({2, c.h, c.w, c.in}), row_bias({1, 2, 1, c.out});
      const Shape shape{2, c.out_h, c.out_w, c.out};
      Buffer residual(shape, 4);
      check_op(Buffer(shape), product_limit(9 * c.in, precision),
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const ConvWeight w =
                     backend.pack_conv3x3("layer", weight.tensor, bias.tensor, precision,
                                          precision == Precision::f32 && c.geom.upsample);
                 backend.conv3x3(arena, to, x, w, c.geom,
                                 {.fn = Fn::none, .row_bias = row_bias, .residual = residual});
               });
    }
  }
}

TEST_CASE("ops: an enlarged picture longer than the square root of an int") {
  const int h = 70000;
  Host weight({1, 1, 3, 3});
  std::fill(weight.values.begin(), weight.values.end(), 0.0f);
  weight.values[4] = 1;  // the middle tap
  Buffer x({1, h, 1, 1}, 0);
  check_op(Buffer({1, 2 * h, 1, 1}, 0), 0, [&](Backend& backend, Arena& arena, Buffer& to) {
    const ConvWeight w = backend.pack_conv3x3("layer", weight.tensor, {}, Precision::f32, false);
    backend.conv3x3(arena, to, x, w, {.upsample = true}, {});
    if (arena.measuring()) return;
    int wrong = 0;
    for (int y = 0; y < 2 * h; ++y) wrong += to.at(y, 0) != x.at(y / 2, 0);
    CHECK(wrong == 0);
  });
}

TEST_CASE("ops: what is not finite comes out as not finite, codes included") {
  const int in = 70, out = 33;
  for (const float bad : {NAN, INFINITY, -INFINITY}) {
    for (const Precision precision : precisions) {
      CAPTURE(bad);
      CAPTURE(static_cast<int>(precision));
      Host weight({out, in}), filter({out, in, 3, 3});
      Buffer x({2, 3, 1, in});
      x.at(1, 41) = bad;
      for (const Isa isa : isas()) {
        const auto backend = make_table_backend(isa, 1);
        TestArena arena;
        Buffer rows({2, 3, 1, out}), image({2, 3, 1, out});
        backend->linear(arena, rows, Tensor(x),
                        backend->pack_linear(source_of({&weight}, nullptr, false), precision), {});
        backend->conv3x3(arena, image, x,
                         backend->pack_conv3x3("layer", filter.tensor, {}, precision, false), {},
                         {});
        for (int c = 0; c < out; ++c) {
          CHECK(std::isfinite(rows.at(0, c)));
          CHECK_FALSE(std::isfinite(rows.at(1, c)));
          CHECK_FALSE(std::isfinite(image.at(1, c)));
          CHECK(std::isfinite(image.at(4, c)));  // the other image
        }
        weight.values[5 * in + 8] = bad;
        x.at(1, 41) = 0;
        backend->linear(arena, rows, Tensor(x),
                        backend->pack_linear(source_of({&weight}, nullptr, false), precision), {});
        CHECK(std::isfinite(rows.at(2, 4)));
        CHECK_FALSE(std::isfinite(rows.at(2, 5)));
        weight.values[5 * in + 8] = 0;
        x.at(1, 41) = bad;
      }
    }
  }
}
