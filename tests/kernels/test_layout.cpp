// Activations in the layouts of their consumers: a norm or a product writes there, within rounding,
// the same values that it writes as f32. On every instruction set.
#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>

#include "kernels/half.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/arena.h"
#include "tests/support/every_isa.h"
#include "tests/support/values.h"

using namespace yent;

namespace {

// An activation of a layout, between fences, filled with NaN.
struct Made {
  std::vector<std::byte> memory;
  Tensor tensor;
  size_t bytes;

  explicit Made(const Layout& layout)
      : memory(layout.bytes + 3 * fence, std::byte{0xff}),
        tensor(layout.tensor),
        bytes(layout.bytes) {
    const auto address = reinterpret_cast<uintptr_t>(memory.data() + fence);
    tensor.data = memory.data() + fence + (64 - address % 64) % 64;
  }
  bool fences_stand() const {
    const auto untouched = [](std::byte b) { return b == std::byte{0xff}; };
    const auto* start = static_cast<const std::byte*>(tensor.data);
    return std::all_of(memory.data(), start, untouched) &&
           std::all_of(start + bytes, memory.data() + memory.size(), untouched);
  }
  std::vector<float> read(Backend& backend) const {
    std::vector<float> values(tensor.shape.count());
    backend.read(values.data(), tensor);
    return values;
  }

  static constexpr size_t fence = 128;
};

Tensor floats(std::vector<float>& values, Shape shape) {
  return {values.data(), shape, shape.c, DType::f32};
}

// The norm of the difference over the norm of the expected values.
double error(const std::vector<float>& actual, const std::vector<float>& expected) {
  REQUIRE(actual.size() == expected.size());
  double gap = 0, size = 0;
  for (size_t i = 0; i < actual.size(); ++i) {
    gap += std::pow(static_cast<double>(actual[i]) - expected[i], 2);
    size += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(gap / size);
}

// bf16 keeps 8 bits; quantized values are rounded to 1/127 of the absmax of a row or an image.
double rounding(Precision p) { return p == Precision::bf16 ? 3e-3 : 2e-2; }

constexpr Precision short_ones[] = {Precision::bf16, Precision::int8};
const Shape shapes[] = {{2, 3, 5, 32}, {1, 4, 16, 40}, {2, 8, 32, 64}, {1, 7, 1, 96}};

}  // namespace

TEST_CASE("forms: norms write what their reader wants") {
  for (const Shape& shape : shapes) {
    for (const Consumer use : {Consumer::any, Consumer::linear, Consumer::conv3x3}) {
      for (const Precision precision : short_ones) {
        auto x = normals(shape.count(), 1), gain = normals(shape.c, 2), shift = normals(shape.c, 3);
        const auto ref = make_ref_backend();
        NormWeight w{.name = "norm"};
        w.weight = ref->upload(host(gain, {shape.c}));
        w.bias = ref->upload(host(shift, {shape.c}));
        TestArena arena;
        for (const Fn fn : {Fn::none, Fn::silu, Fn::gelu, Fn::quick_gelu, Fn::relu_squared}) {
          const double wider = fn == Fn::relu_squared ? 6 : 1;  // squares spread
          std::vector<float> expected(x.size());
          ref->group_norm(arena, floats(expected, shape), floats(x, shape), w, 8, fn);
          on_every_isa([&](Backend& backend) {
            const Made out(backend.layout(shape, {use, precision}));
            backend.group_norm(arena, out.tensor, floats(x, shape), w, 8, fn);
            CHECK(error(out.read(backend), expected) < wider * rounding(precision));
            CHECK(out.fences_stand());
          });
        }
        if (use == Consumer::conv3x3) continue;
        std::vector<float> expected(x.size());
        ref->layer_norm(arena, floats(expected, shape), floats(x, shape), w);
        on_every_isa([&](Backend& backend) {
          const Made out(backend.layout(shape, {use, precision}));
          backend.layer_norm(arena, out.tensor, floats(x, shape), w);
          CHECK(error(out.read(backend), expected) < rounding(precision));
          CHECK(out.fences_stand());
        });
      }
    }
  }
}

TEST_CASE("forms: products read them, and write bf16 onto a residual in bf16") {
  for (const Shape& shape : shapes) {
    const int out_channels = 70;
    const Shape out_shape = shape.with_c(out_channels);
    auto x = normals(shape.count(), 4), residual = normals(out_shape.count(), 5);
    for (float& v : residual) v = bf16_to_f32(f32_to_bf16(v));
    const auto matrix = normals(size_t{70} * shape.c, 6), bias = normals(out_channels, 7);
    const auto filter = normals(size_t{70} * 9 * shape.c, 8);
    const LinearSource source{
        .name = "layer",
        .parts = {{"layer", host(matrix, {out_channels, shape.c}), host(bias, {out_channels})}}};
    const auto ref = make_ref_backend();
    TestArena arena;
    std::vector<float> by_linear(out_shape.count()), by_conv(out_shape.count());
    ref->linear(arena, floats(by_linear, out_shape), floats(x, shape),
                ref->pack_linear(source, Precision::f32),
                {.residual = floats(residual, out_shape)});
    const auto pack_conv = [&](Backend& backend, Precision p) {
      return backend.pack_conv3x3("layer", host(filter, {out_channels, shape.c, 3, 3}),
                                  host(bias, {out_channels}), p, false);
    };
    ref->conv3x3(arena, floats(by_conv, out_shape), floats(x, shape),
                 pack_conv(*ref, Precision::f32), {}, {.residual = floats(residual, out_shape)});

    for (const Precision precision : short_ones) {
      on_every_isa([&](Backend& backend) {
        // A norm that changes nothing converts x to the layout.
        NormWeight same{.name = "same"};
        const std::vector<float> ones(shape.c, 1.0f);
        same.weight = backend.upload(host(ones, {shape.c}));
        std::vector<float> normed(x.size());
        backend.layer_norm(arena, floats(normed, shape), floats(x, shape), same);
        const Made in(backend.layout(shape, {Consumer::linear, precision}));
        backend.layer_norm(arena, in.tensor, floats(x, shape), same);
        std::vector<float> expected(out_shape.count());
        ref->linear(arena, floats(expected, out_shape), floats(normed, shape),
                    ref->pack_linear(source, Precision::f32),
                    {.residual = floats(residual, out_shape)});

        const Made add(backend.layout(out_shape, {Consumer::any, precision}));
        std::vector<uint16_t> halves(residual.size());
        for (size_t i = 0; i < residual.size(); ++i) halves[i] = f32_to_bf16(residual[i]);
        REQUIRE(add.tensor.dtype == DType::bf16);
        backend.write(add.tensor, halves.data());
        const LinearWeight w = backend.pack_linear(source, precision);
        const Made out(backend.layout(out_shape, {Consumer::any, precision}));
        backend.linear(arena, out.tensor, in.tensor, w, {.residual = add.tensor});
        CHECK(error(out.read(backend), expected) < 2 * rounding(precision));
        CHECK(out.fences_stand());

        // Given row-major f32, the op converts to the layout itself.
        backend.linear(arena, out.tensor, floats(x, shape), w, {.residual = add.tensor});
        CHECK(error(out.read(backend), by_linear) < 2 * rounding(precision));
        const ConvWeight c = pack_conv(backend, precision);
        backend.conv3x3(arena, out.tensor, floats(x, shape), c, {}, {.residual = add.tensor});
        CHECK(error(out.read(backend), by_conv) < 2 * rounding(precision));
        CHECK(out.fences_stand());
      });
    }
  }
}

TEST_CASE("forms: doubling an image adds up weights, and stays as true as any rounding") {
  const ConvGeom geom{.upsample = true};
  const auto ref = make_ref_backend();
  TestArena arena;
  // On AMX tiles, the sums of the second shape are stored while the next ones are computed.
  for (const Shape& shape : {Shape{2, 6, 16, 48}, Shape{2, 5, 24, 264}}) {
    CAPTURE(shape.c);
    const Shape out_shape{2, 2 * shape.h, 2 * shape.w, 40};
    auto x = normals(shape.count(), 9);
    const auto filter = normals(size_t{40} * 9 * shape.c, 10), bias = normals(40, 11);
    const auto pack = [&](Backend& backend, Precision p) {
      return backend.pack_conv3x3("layer", host(filter, {40, shape.c, 3, 3}), host(bias, {40}), p,
                                  true);
    };
    std::vector<float> expected(out_shape.count());
    ref->conv3x3(arena, floats(expected, out_shape), floats(x, shape), pack(*ref, Precision::f32),
                 geom, {});
    on_every_isa([&](Backend& backend) {
      for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
        std::vector<float> out(out_shape.count());
        backend.conv3x3(arena, floats(out, out_shape), floats(x, shape), pack(backend, precision),
                        geom, {});
        CHECK(error(out, expected) <
              (precision == Precision::f32 ? 1e-6 : 2 * rounding(precision)));
      }
    });
  }
}

TEST_CASE("forms: what is not finite shows in what is read") {
  const Shape shape{2, 4, 16, 32};
  on_every_isa([&](Backend& backend) {
    for (const Precision precision : short_ones) {
      for (const Consumer use : {Consumer::linear, Consumer::conv3x3}) {
        for (const float wrong :
             {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
          auto x = normals(shape.count(), 12);
          x[100] = wrong;  // in the first image
          TestArena arena;
          const Made out(backend.layout(shape, {use, precision}));
          backend.group_norm(arena, out.tensor, floats(x, shape), {.name = "norm"}, 8, Fn::silu);
          const std::vector<float> values = out.read(backend);
          CHECK(std::isnan(values[96 + 4]));
          CHECK(std::all_of(values.begin() + values.size() / 2, values.end(),
                            [](float v) { return std::isfinite(v); }));
        }
      }
    }
  });
}
