// linear and conv3x3 by the instructions of Hopper: odd shapes, tails, seams, every epilogue. Needs
// a GPU of sm_90.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/cuda/cuda_device.h"
#include "tests/support/random_weights.h"

using namespace yent;
using namespace yent::test;

namespace {

struct Size {
  int rows, a, b, out, gap;
};

void check_linear(Backend& device, const Size& size, DType type) {
  CAPTURE(size.rows);
  CAPTURE(size.a);
  CAPTURE(size.out);
  CAPTURE(std::string(dtype_name(type)));
  const int in = size.a + size.b;
  Host weight({size.out, in}), bias({size.out});
  Twin a(device, {1, size.rows, 1, size.a}, type, size.gap);
  Twin b(device, {1, size.rows, 1, std::max(size.b, 1)}, type, size.gap);
  Twin residual(device, {1, size.rows, 1, size.out}, type, size.gap);
  Twin out(device, {1, size.rows, 1, size.out}, type, size.gap);
  const LinearSource source = source_of({&weight}, &bias, false);
  const LinearWeight packed = device.pack_linear(source, Precision::f16);
  const double limit = eps * (4 * in + 64) + input_limit(type, Precision::f16, in);
  check_op(device, out, limit, [&](const Side& s) {
    const LinearWeight w = s.device ? packed : s.backend.pack_linear(source, Precision::f16);
    const ConcatView x = size.b ? ConcatView(s(a), s(b)) : ConcatView(s(a));
    s.backend.linear(s.arena, s(out), x, w, {.residual = s(residual)});
  });
}

struct Case {
  int h, w, in, out, out_h, out_w;
  ConvGeom geom;
};

void check_conv(Backend& device, const Case& c, DType type) {
  CAPTURE(c.h);
  CAPTURE(c.in);
  CAPTURE(c.out_h);
  CAPTURE(std::string(dtype_name(type)));
  Host weight({c.out, c.in, 3, 3}), bias({c.out});
  Twin x(device, {2, c.h, c.w, c.in}, type, 8);
  Twin row_bias(device, {1, 2, 1, c.out}, DType::f32);
  Twin residual(device, {2, c.out_h, c.out_w, c.out}, type);
  Twin out(device, {2, c.out_h, c.out_w, c.out}, type, 3);
  const auto pack = [&](Backend& b) {
    return b.pack_conv3x3("layer", weight.tensor, bias.tensor, Precision::f16, false);
  };
  const ConvWeight packed = pack(device);
  const double limit = eps * (36 * c.in + 64) + input_limit(type, Precision::f16, 9 * c.in);
  check_op(device, out, limit, [&](const Side& s) {
    const ConvWeight w = s.device ? packed : pack(s.backend);
    s.backend.conv3x3(s.arena, s(out), s(x), w, c.geom,
                      {.row_bias = s(row_bias), .residual = s(residual)});
  });
}

}  // namespace

TEST_CASE("cuda hopper: linear over sizes, seams and types") {
  Backend* device = hopper_gpu();
  if (!device) return;
  for (const Size& size : {Size{1, 1, 0, 1, 3},
                           {14, 32, 0, 32, 0},
                           {29, 40, 24, 66, 8},
                           {65, 128, 64, 63, 8},
                           {64, 64, 0, 64, 0},
                           {70, 72, 0, 161, 8},
                           {16, 1100, 52, 90, 3},
                           {5, 2048, 512, 64, 0}}) {
    for (const DType type : {DType::f16, DType::f32}) check_linear(*device, size, type);
  }
}

TEST_CASE("cuda hopper: conv3x3 over sizes, strides, pads and upsampling") {
  Backend* device = hopper_gpu();
  if (!device) return;
  const Case cases[] = {{1, 1, 1, 1, 1, 1, {}},
                        {5, 7, 3, 4, 5, 7, {}},
                        {8, 6, 24, 33, 8, 6, {}},
                        {3, 11, 64, 70, 3, 11, {}},
                        {9, 8, 72, 64, 9, 8, {}},
                        {6, 6, 8, 5, 3, 3, {.stride = 2}},
                        {7, 5, 16, 40, 4, 3, {.stride = 2}},
                        {6, 8, 8, 6, 3, 4, {.stride = 2, .pad_top = 0, .pad_left = 0}},
                        {4, 3, 16, 7, 8, 6, {.upsample = true}}};
  for (const Case& c : cases) {
    for (const DType type : {DType::f16, DType::f32}) check_conv(*device, c, type);
  }
}

TEST_CASE("cuda hopper: random linears and convolutions") {
  Backend* device = hopper_gpu();
  if (!device) return;
  for (int i = 0; i < 8; ++i) {
    const int a = 8 * (1 + below(40)), b = below(2) ? 8 * (1 + below(20)) : 0;
    check_linear(*device, {1 + below(150), a, b, 1 + below(150), 8 * below(2)}, DType::f16);
    const int h = 1 + below(10), w = 1 + below(10), stride = 1 + below(2), pad = below(2);
    const Case conv = {h,
                       w,
                       1 + below(90),
                       1 + below(90),
                       (h + stride - 1) / stride,
                       (w + stride - 1) / stride,
                       {.stride = stride, .pad_top = pad, .pad_left = pad}};
    check_conv(*device, conv, DType::f16);
  }
}

TEST_CASE("cuda hopper: products of full size") {
  Backend* device = hopper_gpu();
  if (!device) return;
  for (const Size& size : {Size{8192, 320, 0, 320, 0},
                           {8192, 640, 320, 640, 0},
                           {16384, 320, 0, 1280, 0},
                           {128, 1280, 1280, 1280, 0},
                           {154, 768, 0, 640, 0}}) {
    check_linear(*device, size, DType::f16);
  }
  check_conv(*device, {64, 64, 320, 320, 64, 64, {}}, DType::f16);
  check_conv(*device, {64, 64, 320, 320, 32, 32, {.stride = 2}}, DType::f16);
  check_conv(*device, {8, 8, 1280, 1280, 8, 8, {}}, DType::f16);
}

TEST_CASE("cuda hopper: every epilogue, stacked and paired weights, a residual in place") {
  Backend* device = hopper_gpu();
  if (!device) return;
  const int in = 64, half = 46;
  Host first({half, in}), second({half, in}), bias({half});
  first.make_16(DType::f16);
  second.make_16(DType::bf16);
  const float size = 3 / std::sqrt(static_cast<float>(in));
  Twin x(*device, {2, 19, 1, in}, DType::f16, 0, -size, size);
  Twin out(*device, {2, 19, 1, half}, DType::f16, 2);
  Twin both(*device, {2, 19, 1, 2 * half}, DType::f16), image(*device, {1, 2, 1, half}, DType::f32);
  for (const Fn fn : {Fn::none, Fn::silu, Fn::gelu, Fn::quick_gelu, Fn::relu_squared}) {
    CAPTURE(static_cast<int>(fn));
    const auto run = [&](Twin& to, const std::vector<Host*>& weights, bool paired, bool biased) {
      const LinearSource source = source_of(weights, &bias, paired);
      const LinearWeight packed = device->pack_linear(source, Precision::f16);
      // The gate squared times the other column, both at most 6: 108 times the error of a sum.
      check_op(*device, to, 108 * eps * 8, [&](const Side& s) {
        const LinearWeight w = s.device ? packed : s.backend.pack_linear(source, Precision::f16);
        const Tensor row_bias = biased ? s(image) : Tensor{};
        s.backend.linear(s.arena, s(to), Tensor(s(x)), w,
                         {.fn = fn, .gated = paired, .row_bias = row_bias, .residual = s(to)});
      });
    };
    run(out, {&first}, false, true);
    run(out, {&first, &second}, true, true);
    run(both, {&first, &second}, false, false);
  }
}
