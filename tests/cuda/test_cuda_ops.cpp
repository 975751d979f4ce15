// The other ops of the CUDA backend, replays and the end of memory. Needs a GPU.
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

TEST_CASE("cuda: group_norm, groups across the seam, means far from zero") {
  Backend* device = gpu();
  if (!device) return;
  struct Case {
    int a, b, groups, h, w;
    float low, high;
  };
  const Case cases[] = {
      {6, 6, 3, 5, 7, -1, 1},      {32, 16, 8, 13, 11, -1, 1}, {40, 20, 4, 1, 1, -2, 3},
      {64, 0, 32, 9, 30, 99, 101}, {1, 2, 1, 17, 19, -1, 1},   {320, 640, 32, 9, 7, -1, 1},
      {2560, 0, 32, 4, 3, -1, 1},  {12, 24, 3, 13, 11, -1, 1}, {40, 56, 4, 42, 51, 2, 4}};
  CHECK(cuda::whole_groups_of(13 * 11, 48, 8) == 4);  // a launch
  CHECK(cuda::whole_groups_of(13 * 11, 36, 3) == 0);  // two, as no groups are whole chunks
  CHECK(cuda::whole_groups_of(42 * 51, 96, 4) == 0);  // or too large
  for (const Case& c : cases) {
    const int channels = c.a + c.b;
    for (const DType type : types) {
      CAPTURE(channels);
      Twin a(*device, {2, c.h, c.w, c.a}, type, 0, c.low, c.high);
      Twin b(*device, {2, c.h, c.w, std::max(c.b, 1)}, type, 3, c.low, c.high);
      Twin weight(*device, {1, 1, 1, channels}, DType::f32);
      Twin bias(*device, {1, 1, 1, channels}, DType::f32);
      Twin out(*device, {2, c.h, c.w, channels}, type);
      for (const Fn fn : {Fn::none, Fn::silu, Fn::relu_squared}) {
        check_op(*device, out, 4e-6 * std::max(1.0f, c.high), [&](const Side& s) {
          NormWeight w{.name = "norm", .weight = {}, .bias = {}};
          if (fn == Fn::silu) w.weight = {s(weight), nullptr}, w.bias = {s(bias), nullptr};
          const ConcatView x = c.b ? ConcatView(s(a), s(b)) : ConcatView(s(a));
          s.backend.group_norm(s.arena, s(out), x, w, c.groups, fn);
        });
      }
    }
  }
}

TEST_CASE("cuda: layer_norm and rms_norm, in place too") {
  Backend* device = gpu();
  if (!device) return;
  for (const int columns : {1, 3, 16, 77, 320, 1280, 1025}) {
    for (const DType type : types) {
      CAPTURE(columns);
      Twin x(*device, {1, 37, 1, columns}, type, 2, 3, 5), out(*device, {1, 37, 1, columns}, type);
      Twin weight(*device, {1, 1, 1, columns}, DType::f32);
      Twin bias(*device, {1, 1, 1, columns}, DType::f32);
      // A lane adds up `in_lane` squares, the warp adds five times; the root halves that error.
      const int in_lane = (columns + 255) / 256 * 8;
      const double limit = eps * ((in_lane + 5) / 4.0 + 4);
      for (const bool affine : {false, true}) {
        const auto norm = [&](const Side& s) {
          NormWeight w{.name = "norm", .weight = {}, .bias = {}};
          if (affine) w.weight = {s(weight), nullptr}, w.bias = {s(bias), nullptr};
          return w;
        };
        check_op(*device, out, limit,
                 [&](const Side& s) { s.backend.layer_norm(s.arena, s(out), s(x), norm(s)); });
        check_op(*device, x, limit,
                 [&](const Side& s) { s.backend.rms_norm(s.arena, s(x), s(x), norm(s), columns); });
        x.reset();
      }
    }
  }
  for (const int width : {24, 12}) {
    Twin heads(*device, {1, 5, 1, 96}, DType::f16), weight(*device, {1, 1, 1, width}, DType::f32);
    check_op(*device, heads, 4e-6, [&](const Side& s) {
      s.backend.rms_norm(s.arena, s(heads), s(heads),
                         {.name = "q", .weight = {s(weight), nullptr}, .bias = {}}, width);
    });
  }
}

TEST_CASE("cuda: attention over widths, lengths and groups of heads") {
  Backend* device = gpu();
  if (!device) return;
  struct Case {
    int images, queries, keys, heads, kv_heads, width;
  };
  const Case cases[] = {{1, 1, 1, 1, 1, 1},      {2, 33, 77, 2, 2, 40},   {1, 70, 70, 1, 1, 512},
                        {1, 5, 400, 4, 2, 24},   {2, 3, 171, 3, 1, 12},   {1, 1, 1333, 6, 2, 48},
                        {1, 130, 169, 2, 2, 80}, {1, 40, 40, 1, 1, 160},  {1, 300, 20, 3, 3, 7},
                        {2, 150, 77, 4, 2, 64},  {1, 129, 131, 2, 1, 56}, {2, 40, 72, 1, 1, 256}};
  for (const Case& c : cases) {
    for (const DType type : types) {
      CAPTURE(c.queries);
      CAPTURE(c.keys);
      CAPTURE(c.width);
      CAPTURE(std::string(dtype_name(type)));
      Twin q(*device, {c.images, c.queries, 1, c.heads * c.width}, type, 0, -2, 2);
      Twin kv(*device, {c.images, c.keys, 1, 2 * c.kv_heads * c.width}, type, 0, -2, 2);
      Twin out(*device, {c.images, c.queries, 1, c.heads * c.width}, type, 8);
      std::vector<int32_t> places;
      for (int i = 0; i < c.queries; ++i) places.push_back(i ? below(c.keys) : 0);
      TwinIndices positions(*device, places);
      for (const bool causal : {false, true}) {
        // Probabilities are f16 on the tensor cores: an error of 2^-11 of the largest value.
        check_op(*device, out, type == DType::f16 ? 2e-3 : 2e-5, [&](const Side& s) {
          const int half = c.kv_heads * c.width;
          AttnSpec spec{.heads = c.heads, .kv_heads = c.kv_heads};
          spec.scale = 1 / std::sqrt(static_cast<float>(c.width));
          if (causal) spec.positions = s(positions);
          s.backend.attention(s.arena, s(out), s(q), s(kv).cols(0, half), s(kv).cols(half, half),
                              spec);
        });
      }
    }
  }
}

TEST_CASE("cuda: attention of halves on values in f32, as the attention of words is summed") {
  Backend* device = gpu();
  if (!device) return;
  struct Case {
    int queries, heads, width;
  };
  for (const Case& c : {Case{33, 2, 40}, {256, 8, 16}, {64, 5, 64}}) {
    CAPTURE(c.queries);
    const int columns = c.heads * c.width;
    Twin q(*device, {1, c.queries, 1, columns}, DType::f16, 0, -2, 2);
    Twin k(*device, {1, 77, 1, columns}, DType::f16, 0, -2, 2);
    Twin v(*device, {1, 77, 1, columns}, DType::f32);
    Twin out(*device, {1, c.queries, 1, columns}, DType::f32);
    const AttnSpec spec{c.heads, c.heads, 1 / std::sqrt(static_cast<float>(c.width))};
    check_op(*device, out, 2e-5,
             [&](const Side& s) { s.backend.attention(s.arena, s(out), s(q), s(k), s(v), spec); });
  }
}

TEST_CASE("cuda: one query in f32 on a cache of halves") {
  Backend* device = gpu();
  if (!device) return;
  TwinIndices last(*device, {150});
  Twin q(*device, {1, 1, 1, 4 * 64}, DType::f32), out(*device, {1, 1, 1, 4 * 64}, DType::f32);
  Twin k(*device, {1, 200, 1, 4 * 64}, DType::f16), v(*device, {1, 200, 1, 4 * 64}, DType::f16);
  check_op(*device, out, 2e-5, [&](const Side& s) {
    AttnSpec spec{.heads = 4, .kv_heads = 4, .scale = 0.125f, .positions = s(last)};
    s.backend.attention(s.arena, s(out), s(q), s(k), s(v), spec);
  });
}

TEST_CASE("cuda: rope in both layouts, about one axis and two") {
  Backend* device = gpu();
  if (!device) return;
  TwinIndices positions(*device, {7, 0, 39, 12, 12, 3, 25, 25, 1, 38});
  for (const DType type : types) {
    for (const bool interleaved : {false, true}) {
      for (const int rotated : {2, 10, 16}) {
        for (const int axes : {1, 2}) {
          Twin table(*device, {1, 40, 1, rotated}, DType::f32), x(*device, {1, 5, 1, 96}, type, 3);
          check_op(*device, x, 4 * eps, [&](const Side& s) {
            Tensor places = s(positions);
            places.shape.c = places.ld = axes;
            places.shape.h = 5;
            s.backend.rope(s.arena, s(x), s(table), places, {16 * axes, interleaved, axes});
          });
        }
      }
    }
  }
}

TEST_CASE("cuda: store_rows, embed and mix") {
  Backend* device = gpu();
  if (!device) return;
  TwinIndices ids(*device, {5, -1, 5, 0, 6}), some(*device, {-1, -9, 2, 8, 0});
  TwinIndices places(*device, {4, 0, 2, 6, 5});
  for (const DType type : types) {
    Twin rows(*device, {1, 5, 1, 21}, DType::f16), cache(*device, {1, 7, 1, 21}, type);
    check_op(*device, cache, 0,
             [&](const Side& s) { s.backend.store_rows(s.arena, s(cache), s(rows), s(places)); });
    Host table({7, 64}), blocks({7, 64});
    blocks.make_q8();
    Twin place(*device, {1, 9, 1, 64}, DType::f32), out(*device, {1, 5, 1, 64}, type, 5);
    for (Host* h : {&table, &blocks}) {
      for (const bool placed : {false, true}) {
        const PersistentTensor packed = device->upload(h->tensor);
        check_op(*device, out, 0, [&](const Side& s) {
          const PersistentTensor stored = s.device ? packed : s.backend.upload(h->tensor);
          const Lookup lookups[] = {{stored, s(ids)}, {s(place), s(some)}, {stored, s(places)}};
          s.backend.embed(s.arena, s(out), std::span(lookups, placed ? 3 : 1));
        });
      }
    }
    Twin x(*device, {2, 5, 3, 4}, type), y(*device, {2, 5, 3, 4}, DType::f32, 2);
    Twin mixed(*device, {2, 5, 3, 4}, type), coefficients(*device, {1, 1, 1, 3}, DType::f32);
    for (const bool rectified : {false, true}) {
      check_op(*device, mixed, 0, [&](const Side& s) {
        const Tensor terms[] = {s(x), s(mixed), s(y)};  // one of them is written
        s.backend.linear_combination(s.arena, s(mixed), terms, s(coefficients), rectified);
      });
    }
  }
}

TEST_CASE("cuda: rounding to grids gives the bits of the CPU") {
  Backend* device = gpu();
  if (!device) return;
  std::vector<QuantGrid> grids;
  for (const Codebook codebook :
       {Codebook::linear, Codebook::log, Codebook::kmeans, Codebook::ternary, Codebook::binary}) {
    grids.push_back({.bits = 3, .codebook = codebook, .sharing = Sharing::image});
    grids.push_back({.bits = 4,
                     .codebook = codebook,
                     .round = Round::stochastic,
                     .sharing = Sharing::group,
                     .group = 19,
                     .clip = 90,
                     .gain = 0.5f,
                     .noise = 5});
  }
  grids.push_back({.bits = 5, .affine = 1, .sharing = Sharing::tensor, .clip = 97});
  grids.push_back({.bits = 5, .round = Round::zero, .clip_abs = 0.5f});
  for (const DType type : {DType::f16, DType::f32}) {
    Twin x(*device, {2, 3, 5, 24}, type), y(*device, {2, 3, 5, 16}, type);
    Twin other(*device, {2, 3, 5, 40}, DType::f32), residual(*device, {2, 3, 5, 40}, type);
    Twin out(*device, {2, 3, 5, 40}, DType::f32);
    for (const QuantGrid& grid : grids) {
      CAPTURE(static_cast<int>(grid.codebook));
      check_op(*device, out, 0, [&](const Side& s) {
        s.backend.quantize(s.arena, s(out), {s(x), s(y)}, grid, {});
      });
      check_op(*device, out, 0, [&](const Side& s) {
        const QuantMix mix{.share = 0.3f, .other = s(other), .residual = s(residual)};
        s.backend.quantize(s.arena, s(out), {s(x), s(y)}, grid, mix);
      });
    }
  }
}

TEST_CASE("cuda: a forward played again computes with what memory holds then") {
  Backend* device = gpu();
  if (!device) return;
  Host weight({320, 320});
  Twin x(*device, {1, 64, 1, 320}, DType::f16), out(*device, {1, 64, 1, 320}, DType::f16);
  Twin other(*device, {1, 64, 1, 320}, DType::f16), middle(*device, {1, 64, 1, 320}, DType::f16);
  const LinearWeight w = device->pack_linear(source_of({&weight}, nullptr, false), Precision::f16);
  const auto memory = device->allocate({1, 1, 1, 64 << 20}, DType::u8);
  struct Bump : Arena {  // one place for everything, as in a plan
    std::byte* data;
    size_t used = 0;
    Block take(size_t bytes) override {
      Block block{data + used, bytes, 0};
      used += (bytes + 255) / 256 * 256;
      return block;
    }
    void give(const Block&) override {}
    bool measuring() const override { return false; }
  } bump;
  bump.data = static_cast<std::byte*>(memory.tensor.data);
  const auto forward = [&](Twin& from) {
    return [&] {
      bump.used = 0;
      device->linear(bump, middle.device(), from.device(), w, {.fn = Fn::silu});
      device->linear(bump, out.device(), middle.device(), w, {});
    };
  };
  for (int run = 0; run < 6; ++run) {
    CAPTURE(run);
    Twin& from = run == 4 ? other : x;  // one run reads from elsewhere
    for (int i = 0; i < 320; ++i) from.at(3, i) = static_cast<float>(run % 3);
    from.keep();
    forward(from)();
    const std::vector<float> expected = out.read();
    out.reset();
    device->replay("forward", forward(from));
    CHECK(out.read() == expected);
  }
}

TEST_CASE("cuda: too much memory is one sentence, and nothing is lost") {
  Backend* device = gpu();
  if (!device) return;
  const size_t before = device->available_bytes();
  const int row = 1 << 30;
  CHECK_THROWS_WITH(device->allocate({1, 4096, 1, row}, DType::f32),
                    doctest::Contains("the GPU's memory ran out"));
  CHECK(device->available_bytes() == before);
}
