// Quantization styles: the effect of bits, round, clip and the scales on a weight and on the layer
// that computes with it.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <random>
#include <set>

#include "engine/core/quant_style.h"
#include "engine/core/weight_binder.h"
#include "kernels/quantize/quantize.h"
#include "kernels/ref/ref_backend.h"
#include "loaders/checkpoint/lora.h"
#include "tests/support/arena.h"
#include "tests/support/every_isa.h"
#include "tests/support/values.h"

using namespace yent;

namespace {

using Values = std::vector<float>;

QuantStyle style(std::initializer_list<const char*> words) {
  QuantStyle s;
  std::string expected;
  for (const char* word : words) REQUIRE(parse_quant_style(word, s, expected));
  return s;
}

Values gridded(const QuantStyle& s, Values w, int64_t rows = 1, const char* layer = "layer") {
  const auto count = static_cast<size_t>(rows), columns = w.size() / count;
  quantize_rows(s.weight_grid(layer), {w.data(), count, columns, columns, count});
  return w;
}

Tensor floats(Values& values, Shape shape) { return {values.data(), shape, shape.c, DType::f32}; }

void check_close(const Values& actual, const Values& expected) {
  REQUIRE(actual.size() == expected.size());
  for (size_t i = 0; i < actual.size(); ++i) {
    REQUIRE(std::fabs(actual[i] - expected[i]) <= 1e-5f * (1 + std::fabs(expected[i])));
  }
}

// The weights and biases of one linear, "layer", as a checkpoint.
struct OneLayer {
  Values weight, bias;
  HostTensor w, b;
  std::function<void(float*, int64_t, int64_t)> restyle = {};

  OneLayer(Values weights, int out)
      : weight(std::move(weights)),
        bias(normals(out, 2)),
        w(host(weight, {out, static_cast<int64_t>(weight.size()) / out})),
        b(host(bias, {out})) {}

  LinearWeight load(Backend& backend, const Policy& policy) const {
    Checkpoint c{.path = "made", .part = "part", .find = {}};
    c.find = [this](const std::string& name, std::span<const int64_t>) {
      return name == "layer.weight" ? &w : &b;
    };
    c.names = {"layer.weight", "layer.bias"};
    c.restyles = [this](const std::string& name) { return restyle && name == "layer.weight"; };
    c.restyle = [this](const std::string&, float* at, int64_t rows, int64_t columns) {
      restyle(at, rows, columns);
    };
    return (WeightBinder(std::move(c), backend, policy) / "layer")
        .linear(static_cast<int>(w.dims[1]), static_cast<int>(w.dims[0]));
  }

  Values product(Backend& backend, const Policy& policy, Values x, int rows) const {
    const LinearWeight packed = load(backend, policy);
    Values out(static_cast<size_t>(rows) * packed.out);
    TestArena arena;
    backend.linear(arena, floats(out, {1, rows, 1, packed.out}), floats(x, {1, rows, 1, packed.in}),
                   packed, {});
    return out;
  }
};

Policy policy(const std::string& words) { return Policy::parse("* " + words, "test"); }

}  // namespace

TEST_CASE("grid: levels and roundings of a small matrix") {
  const Values w{-7, -3.5f, -0.25f, 0, 3.4f, 7};
  CHECK(gridded(style({"bits=4"}), w) == Values{-7, -4, 0, 0, 3, 7});
  CHECK(gridded(style({"bits=4", "round=floor"}), w) == Values{-7, -4, -1, 0, 3, 7});
  CHECK(gridded(style({"bits=2"}), w) == Values{-7, 0, 0, 0, 0, 7});
  for (int bits = 2; bits <= 8; ++bits) {
    QuantStyle s;
    s.grid.bits = bits;
    for (const Round round : {Round::nearest, Round::floor, Round::stochastic}) {
      s.grid.round = round;
      const Values all = gridded(s, normals(10000, 1));
      const int levels = (1 << (bits - 1)) - 1;
      CHECK(std::set<float>(all.begin(), all.end()).size() <= 2u * levels + 1);
    }
  }
}

TEST_CASE("grid: a percentile of the magnitudes has the last level, more saturates") {
  Values w(100);
  for (int i = 0; i < 100; ++i) w[i] = static_cast<float>(i % 2 ? -(i + 1) : i + 1);
  const Values out = gridded(style({"bits=8", "clip=50"}), w);
  for (int i = 0; i < 100; ++i) {
    const float expected = std::copysign(std::min(std::fabs(w[i]), 50.0f), w[i]);
    CHECK(std::fabs(out[i] - expected) <= 0.5f * 50 / 127 * 1.001f);
  }
  CHECK(gridded(style({"clip=10"}), {0, 0, 0, 5}) == Values{0, 0, 0, 0});
}

TEST_CASE("grid: one scale a channel, or one for all") {
  const Values w{100, 40, 1, 0.4f};
  CHECK(gridded(style({"bits=2", "weights=channel"}), w, 2) == Values{100, 0, 1, 0});
  CHECK(gridded(style({"bits=2", "weights=tensor"}), w, 2) == Values{100, 0, 0, 0});
}

TEST_CASE("grid: dither is the same every time, differs by layer and keeps the mean") {
  const QuantStyle s = style({"bits=2", "round=dither"});
  Values w(20000, 0.3f);
  w[0] = 1;
  const Values once = gridded(s, w), again = gridded(s, w), other = gridded(s, w, 1, "other");
  CHECK(once == again);
  CHECK(once != other);
  for (const Values& v : {once, other}) {
    CHECK(std::accumulate(v.begin(), v.end(), 0.0) / v.size() ==
          doctest::Approx(0.3).epsilon(0.05));
  }
  CHECK(once != gridded(s, w, 2));
}

TEST_CASE("grid: what is not finite stays") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Values out = gridded(style({"bits=2"}), {1, nan, 3, 1}, 2);
  CHECK(std::isnan(out[1]));
  CHECK(out[2] == 3);
  CHECK(out[3] == 0);
}

TEST_CASE("grid: it acts on what a layer computes, at every precision") {
  const OneLayer layer(normals(24 * 64, 1), 24);
  OneLayer rounded(gridded(style({"bits=3", "round=floor"}), layer.weight, 24), 24);
  const Values x = normals(5 * 64, 3);
  const auto check = [&](Backend& backend) {
    for (const std::string precision : {"f32", "bf16", "int8"}) {
      const Values plain = layer.product(backend, policy(precision), x, 5);
      const Values styled = layer.product(backend, policy(precision + " bits=3 round=floor"), x, 5);
      CHECK(styled == rounded.product(backend, policy(precision), x, 5));
      CHECK(styled != plain);
    }
    // int8's own levels change nothing there.
    CHECK(layer.product(backend, policy("int8 bits=8 round=nearest"), x, 5) ==
          layer.product(backend, policy("int8"), x, 5));
  };
  check(*make_ref_backend());
  on_every_isa(check);
}

TEST_CASE("grid: one scale for all rows and images, on every instruction set as in the reference") {
  const int rows = 37, in = 72, out = 40;
  Values x = normals(rows * in, 4), half = normals(rows * in, 5);
  for (int i = 0; i < in; ++i) x[i] *= 40;  // this image sets the scale for all others
  const OneLayer layer(normals(size_t{out} * 2 * in, 6), out);
  const auto product = [&](Backend& backend, const char* words) {
    const LinearWeight w = layer.load(backend, policy(words));
    Values y(rows * out);
    TestArena arena;
    backend.linear(arena, floats(y, {1, rows, 1, out}),
                   {floats(x, {1, rows, 1, in}), floats(half, {1, rows, 1, in})}, w, {});
    return y;
  };
  const Shape image{3, 5, 16, 32}, to{3, 5, 16, out};
  Values pixels = normals(image.count(), 7);
  for (size_t i = 0; i < image.count() / 3; ++i) pixels[i] *= 40;
  const Values filter = normals(size_t{out} * 9 * image.c, 8);
  const auto convolution = [&](Backend& backend, bool per_tensor) {
    ConvWeight w = backend.pack_conv3x3("conv", host(filter, {out, image.c, 3, 3}), {},
                                        Precision::int8, false);
    w.per_tensor = per_tensor;
    Values y(to.count());
    TestArena arena;
    backend.conv3x3(arena, floats(y, to), floats(pixels, image), w, {}, {});
    return y;
  };
  const auto ref = make_ref_backend();
  const Values per_tensor_weights = product(*ref, "int8 act=tensor"),
               image_by_tensor = convolution(*ref, true);
  CHECK(per_tensor_weights != product(*ref, "int8"));
  CHECK(image_by_tensor != convolution(*ref, false));
  on_every_isa([&](Backend& backend) {
    check_close(product(backend, "int8 act=tensor"), per_tensor_weights);
    check_close(convolution(backend, true), image_by_tensor);
    // A norm in front of the layer writes rows that have no scale yet.
    const ConsumerHint hint{Consumer::linear, Precision::int8, true};
    CHECK(backend.layout({1, rows, 1, in}, hint).tensor.dtype != DType::i8);
  });
}

TEST_CASE("grid: an adapter at run time equals the merged weight, quantized") {
  const int out = 24, in = 64, rank = 4;
  const Values down = normals(rank * in, 9), up = normals(out * rank, 10);
  TensorSet adapter{.path = "made", .tensors = {host(down, {rank, in}), host(up, {out, rank})}};
  adapter.tensors[0].name = "layer.lora_A.weight";
  adapter.tensors[1].name = "layer.lora_B.weight";
  const Lora lora = Lora::of_tensors(adapter, 0.7f);
  const LoraMatch match = lora.match(std::vector<LoraTarget>{{"unet.layer", {out, in}}});
  const auto change = [&](float* w) {
    apply_changes({&match.changes.at("unet.layer.weight"), 1}, w, out, in);
  };
  OneLayer base(normals(out * in, 11), out);
  Values merged = base.weight;
  change(merged.data());
  const OneLayer after(merged, out);
  base.restyle = [&](float* w, int64_t, int64_t) { change(w); };
  const Values x = normals(5 * in, 12);
  const auto check = [&](Backend& backend) {
    for (const char* words : {"int8", "bf16", "int8 bits=4 weights=tensor act=tensor"}) {
      CHECK(base.product(backend, policy(words), x, 5) ==
            after.product(backend, policy(words), x, 5));
    }
  };
  check(*make_ref_backend());
  on_every_isa(check);
}
