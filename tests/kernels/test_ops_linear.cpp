// linear of the CPU backend: odd shapes, seams between two inputs, every epilogue, q8_0 weights.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/op_check.h"

using namespace yent;
using namespace yent::test;

TEST_CASE("ops: linear over sizes, seams and precisions") {
  struct Size {
    int rows, in, out;
  };
  for (const Size& size : {Size{1, 1, 1},
                           {3, 5, 7},
                           {14, 32, 32},
                           {15, 33, 31},
                           {29, 40, 65},
                           {1, 700, 90},
                           {61, 1100, 33},
                           {187, 70, 670}}) {
    const int rows = size.rows, in = size.in, out = size.out;
    for (const Precision precision : precisions) {
      CAPTURE(rows);
      CAPTURE(in);
      CAPTURE(out);
      CAPTURE(static_cast<int>(precision));
      Host weight({out, in}), bias({out});
      const int seam = in > 1 ? 1 + below(in - 1) : 1;
      Buffer a({1, rows, 1, seam}), b({1, rows, 1, in - seam}, 5), residual({1, rows, 1, out}, 1);
      check_op(Buffer({1, rows, 1, out}), product_limit(in, precision),
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const LinearWeight w =
                     backend.pack_linear(source_of({&weight}, &bias, false), precision);
                 const ConcatView x = in > 1 ? ConcatView(a, b) : ConcatView(a);
                 backend.linear(arena, to, x, w, {.residual = residual});
               });
    }
  }
}

TEST_CASE("ops: every epilogue, and a residual in place") {
  const int in = 37, out = 46;
  Host weight({out, in}), bias({out});
  Buffer x({2, 9, 1, in}, 0, -3, 3), image({1, 2, 1, out}), residual({2, 9, 1, out}, 2);
  Tensor same = image;
  same.ld = 0;
  for (const Fn fn : {Fn::none, Fn::silu, Fn::gelu, Fn::quick_gelu, Fn::relu_squared}) {
    for (const Tensor& row_bias : {Tensor{}, image.tensor(), same}) {
      for (const Precision precision : precisions) {
        CAPTURE(static_cast<int>(fn));
        CAPTURE(static_cast<int>(precision));
        check_op(Buffer({2, 9, 1, out}), 4 * product_limit(in, precision),
                 [&](Backend& backend, Arena& arena, Buffer& to) {
                   const LinearWeight w =
                       backend.pack_linear(source_of({&weight}, &bias, false), precision);
                   backend.linear(arena, to, x.tensor(), w,
                                  {.fn = fn, .row_bias = row_bias, .residual = to});
                 });
      }
    }
  }
}

TEST_CASE("ops: stacked parts, and pairs that gate") {
  const int in = 64, out = 45;
  Host first({out, in}), second({out, in}), bias({out});
  for (const int rows : {1, 19}) {
    Buffer x({1, rows, 1, in});
    for (const Precision precision : precisions) {
      CAPTURE(rows);
      CAPTURE(static_cast<int>(precision));
      check_op(Buffer({1, rows, 1, 2 * out}), product_limit(in, precision),
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const LinearWeight w =
                     backend.pack_linear(source_of({&first, &second}, &bias, false), precision);
                 CHECK(w.out == 2 * out);
                 CHECK(w.parts.size() == 2);
                 backend.linear(arena, to, x.tensor(), w, {});
               });
      for (const Fn fn : {Fn::none, Fn::gelu, Fn::silu, Fn::relu_squared}) {
        Buffer residual({1, rows, 1, out});
        check_op(Buffer({1, rows, 1, out}), 8 * product_limit(in, precision),
                 [&](Backend& backend, Arena& arena, Buffer& to) {
                   const LinearWeight w =
                       backend.pack_linear(source_of({&first, &second}, &bias, true), precision);
                   backend.linear(arena, to, x.tensor(), w,
                                  {.fn = fn, .gated = true, .residual = residual});
                 });
      }
    }
  }
}

// AVX2 rounds inputs to 16 bits of the greatest of 32. The errors of k products add up as a random
// walk; with numbers spread evenly over -1..1 six standard deviations are sqrt(k) 2^-15.
float rounded_limit(int k) {
  return product_limit(k, Precision::f32) + std::sqrt(static_cast<float>(k)) * 0x1p-15f;
}

TEST_CASE("ops: linear on q8_0 blocks where they lie") {
  for (const int rows : {1, 2, 7, 8, 33}) {
    for (const int in : {32, 96, 1056}) {
      CAPTURE(rows);
      CAPTURE(in);
      Host first({70, in}), second({70, in}), third({9, in}), bias({70});
      for (Host* h : {&first, &second, &third}) h->make_q8();
      Buffer x({1, rows, 1, in}), residual({1, rows, 1, 70});
      check_op(Buffer({1, rows, 1, 149}), rounded_limit(in),
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const LinearWeight w = backend.pack_linear(
                     source_of({&first, &second, &third}, nullptr, false), Precision::f32);
                 backend.linear(arena, to, x.tensor(), w, {});
               });
      check_op(Buffer({1, rows, 1, 70}), 64 * product_limit(in, Precision::f32),
               [&](Backend& backend, Arena& arena, Buffer& to) {
                 const LinearWeight w =
                     backend.pack_linear(source_of({&first, &second}, &bias, true), Precision::f32);
                 backend.linear(arena, to, x.tensor(), w,
                                {.fn = Fn::silu, .gated = true, .residual = residual});
               });
    }
  }
}
