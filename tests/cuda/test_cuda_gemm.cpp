// linear and conv3x3 of the CUDA backend: odd shapes, seams, every epilogue, types and precisions.
// Needs a GPU.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/cuda/index.h"
#include "tests/support/cuda/cuda_device.h"
#include "tests/support/random_weights.h"

using namespace yent;
using namespace yent::test;

namespace {

constexpr DType types[] = {DType::f16, DType::f32};

}  // namespace

TEST_CASE("cuda: linear over sizes, seams, types and precisions") {
  struct Size {
    int rows, a, b, out, gap;
  };
  for (const bool blas : {true, false}) {
    Backend* device = gpu(blas);
    if (!device) return;
    for (const Size& size : {Size{1, 1, 0, 1, 3},
                             {3, 5, 2, 7, 3},
                             {14, 32, 0, 32, 0},
                             {29, 40, 24, 66, 8},
                             {130, 72, 0, 161, 8},
                             {16, 1100, 52, 90, 3},
                             {5, 2048, 512, 64, 0},
                             {300, 64, 0, 320, 0}}) {
      for (const Precision precision : precisions) {
        for (const DType type : types) {
          CAPTURE(size.rows);
          CAPTURE(size.a);
          CAPTURE(size.out);
          CAPTURE(static_cast<int>(precision));
          CAPTURE(std::string(dtype_name(type)));
          const int in = size.a + size.b;
          Host weight({size.out, in}), bias({size.out});
          Twin a(*device, {1, size.rows, 1, size.a}, type, size.gap);
          Twin b(*device, {1, size.rows, 1, std::max(size.b, 1)}, type, size.gap);
          Twin residual(*device, {1, size.rows, 1, size.out}, type, size.gap);
          Twin out(*device, {1, size.rows, 1, size.out}, type, size.gap);
          const LinearSource source = source_of({&weight}, &bias, false);
          const LinearWeight packed = device->pack_linear(source, precision);
          const double limit = eps * (4 * in + 64) + input_limit(type, precision, in);
          check_op(*device, out, limit, [&](const Side& s) {
            const LinearWeight w = s.device ? packed : s.backend.pack_linear(source, precision);
            const ConcatView x = size.b ? ConcatView(s(a), s(b)) : ConcatView(s(a));
            s.backend.linear(s.arena, s(out), x, w, {.residual = s(residual)});
          });
        }
      }
    }
  }
}

TEST_CASE("cuda: every epilogue, stacked and paired weights, a residual in place") {
  Backend* device = gpu();
  if (!device) return;
  const int in = 64, half = 46;
  Host first({half, in}), second({half, in}), bias({half});
  first.make_16(DType::f16);
  second.make_16(DType::bf16);
  for (const DType type : types) {
    // Sums of magnitude 1, and no rounded inputs: squares and products of columns would magnify
    // their error, and no limit would be tight.
    const float size = 3 / std::sqrt(static_cast<float>(in));
    Twin x(*device, {2, 19, 1, in}, type, 0, -size, size), out(*device, {2, 19, 1, half}, type, 2);
    x.make_halves();
    Twin both(*device, {2, 19, 1, 2 * half}, type), image(*device, {1, 2, 1, half}, DType::f32);
    for (const Precision precision : precisions) {
      for (const Fn fn : {Fn::none, Fn::silu, Fn::gelu, Fn::quick_gelu, Fn::relu_squared}) {
        CAPTURE(static_cast<int>(precision));
        CAPTURE(static_cast<int>(fn));
        const auto run = [&](Twin& to, const std::vector<Host*>& weights, bool paired, int ld) {
          const LinearSource source = source_of(weights, &bias, paired);
          const LinearWeight packed = device->pack_linear(source, precision);
          // The gate squared times the other column, both at most 6: 108 times the error of a sum.
          const double limit = 108 * eps * 8;
          check_op(*device, to, limit, [&](const Side& s) {
            const LinearWeight w = s.device ? packed : s.backend.pack_linear(source, precision);
            Tensor row_bias = ld < 0 ? Tensor{} : s(image);
            if (ld == 0) row_bias.ld = 0;
            s.backend.linear(s.arena, s(to), Tensor(s(x)), w,
                             {.fn = fn, .gated = paired, .row_bias = row_bias, .residual = s(to)});
          });
        };
        run(out, {&first}, false, half);
        run(out, {&first}, false, 0);
        run(out, {&first, &second}, true, half);
        run(both, {&first, &second}, false, -1);
      }
    }
  }
}

TEST_CASE("cuda: linear on q8_0 blocks") {
  Backend* device = gpu();
  if (!device) return;
  for (const int rows : {1, 2, 7, 9, 33}) {
    for (const int in : {32, 96, 2144}) {
      for (const DType type : types) {
        CAPTURE(rows);
        CAPTURE(in);
        Host first({70, in}), second({70, in}), third({9, in}), bias({70});
        for (Host* h : {&first, &second, &third}) h->make_q8();
        const float size = 3 / std::sqrt(static_cast<float>(in));
        Twin x(*device, {1, rows, 1, in}, type, 0, -size, size);
        Twin out(*device, {1, rows, 1, 149}, type, 3);
        Twin pairs(*device, {1, rows, 1, 70}, type);
        // Expanded to f16 if there are many rows and f16 is exact enough.
        const Precision precision = type == DType::f16 ? Precision::f16 : Precision::f32;
        // A weight's rms error is then 1.9e-4 of it, and so is that of a sum of magnitude 1: six
        // times that, and both columns of a gated pair may be 6.
        const double limit = precision == Precision::f16 ? 6 * 1.9e-4 : eps * (4 * in + 64);
        const auto run = [&](Twin& to, const LinearSource& source, const Epilogue& e) {
          const LinearWeight packed = device->pack_linear(source, precision);
          check_op(*device, to, e.gated ? 2 * 6 * limit : limit, [&](const Side& s) {
            const LinearWeight w =
                s.device ? packed : s.backend.pack_linear(source, Precision::f32);
            s.backend.linear(s.arena, s(to), Tensor(s(x)), w, e);
          });
        };
        run(out, source_of({&first, &second, &third}, nullptr, false), {});
        run(pairs, source_of({&first, &second}, &bias, true), {.fn = Fn::silu, .gated = true});
      }
    }
  }
}

TEST_CASE("cuda: conv3x3 over sizes, strides, pads and upsampling") {
  Backend* device = gpu();
  if (!device) return;
  struct Case {
    int h, w, in, out, out_h, out_w;
    ConvGeom geom;
  };
  const Case cases[] = {{1, 1, 1, 1, 1, 1, {}},
                        {5, 7, 3, 4, 5, 7, {}},
                        {8, 6, 20, 33, 8, 6, {}},
                        {3, 11, 64, 70, 3, 11, {}},
                        {16, 12, 32, 160, 16, 12, {}},
                        {6, 6, 8, 5, 3, 3, {.stride = 2}},
                        {7, 5, 9, 40, 4, 3, {.stride = 2}},
                        {6, 8, 5, 6, 3, 4, {.stride = 2, .pad_top = 0, .pad_left = 0}},
                        {4, 3, 16, 7, 8, 6, {.upsample = true}},
                        {4, 5, 12, 7, 7, 9, {.upsample = true}}};
  for (const Case& c : cases) {
    for (const Precision precision : precisions) {
      for (const DType type : types) {
        CAPTURE(c.h);
        CAPTURE(c.in);
        CAPTURE(c.out_h);
        CAPTURE(static_cast<int>(precision));
        CAPTURE(std::string(dtype_name(type)));
        Host weight({c.out, c.in, 3, 3}), bias({c.out});
        Twin x(*device, {2, c.h, c.w, c.in}, type);
        Twin row_bias(*device, {1, 2, 1, c.out}, DType::f32);
        Twin residual(*device, {2, c.out_h, c.out_w, c.out}, type);
        Twin out(*device, {2, c.out_h, c.out_w, c.out}, type, 3);
        const ConvWeight packed =
            device->pack_conv3x3("layer", weight.tensor, bias.tensor, precision, false);
        const double limit = eps * (36 * c.in + 64) + input_limit(type, precision, 9 * c.in);
        check_op(*device, out, limit, [&](const Side& s) {
          const ConvWeight w = s.device ? packed
                                        : s.backend.pack_conv3x3("layer", weight.tensor,
                                                                 bias.tensor, precision, false);
          s.backend.conv3x3(s.arena, s(out), s(x), w, c.geom,
                            {.row_bias = s(row_bias), .residual = s(residual)});
        });
      }
    }
  }
}

TEST_CASE("cuda: what is not finite stays so, codes included") {
  Backend* device = gpu();
  if (!device) return;
  const int in = 72, out = 34;
  for (const float bad : {NAN, INFINITY}) {
    for (const Precision precision : precisions) {
      CAPTURE(static_cast<int>(precision));
      Host weight({out, in}), filter({out, in, 3, 3});
      Twin x(*device, {2, 3, 1, in}, DType::f16), to(*device, {2, 3, 1, out}, DType::f32);
      x.at(1, 41) = bad;
      x.keep();
      DeviceArena arena(*device);
      const auto finite = [&](size_t row) {
        std::vector<float> values(6 * out);
        device->read(values.data(), to.device());
        return std::all_of(values.begin() + static_cast<ptrdiff_t>(row * out),
                           values.begin() + static_cast<ptrdiff_t>((row + 1) * out),
                           [](float v) { return std::isfinite(v); });
      };
      device->linear(arena, to.device(), x.device(),
                     device->pack_linear(source_of({&weight}, nullptr, false), precision), {});
      CHECK((finite(0) && !finite(1) && finite(2)));
      device->conv3x3(arena, to.device(), x.device(),
                      device->pack_conv3x3("layer", filter.tensor, {}, precision, false), {}, {});
      CHECK((!finite(1) && finite(4)));
      device->layer_norm(arena, to.device(), x.device().cols(32, out),
                         {.name = "norm", .weight = {}, .bias = {}});
      CHECK((finite(0) && !finite(1)));
      device->group_norm(arena, to.device(), x.device().cols(32, out),
                         {.name = "norm", .weight = {}, .bias = {}}, 1, Fn::none);
      CHECK((!finite(0) && !finite(1) && finite(4)));
    }
  }
}
