// Inputs that are made in row blocks or bands while they are multiplied, and results written over
// them: the same bits as when made at once.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "kernels/cpu/conv/conv_bands.h"
#include "kernels/cpu/conv/conv_row_blocks.h"
#include "kernels/cpu/cpu_backend.h"
#include "kernels/cpu/gemm/linear_row_blocks.h"
#include "kernels/cpu/isa_table.h"
#include "kernels/half.h"
#include "tests/support/arena.h"
#include "tests/support/values.h"

using namespace yent;

namespace {

std::vector<float> fresh(size_t count, float mean = 0) {
  return normals(count, std::random_device{}(), mean);
}

// Stands for a kernel that reads A in place, as those of AMX do.
Gemm in_place_kernel() {
  Gemm kernel{};
  kernel.multiply_in_place = [](void*, const GemmRows&, const void*, const void*, size_t,
                                const GemmTile*) {};
  return kernel;
}

// bf16 rows, as activations lie between layers.
struct Rows {
  std::vector<uint16_t> values;
  Tensor tensor;

  Rows(Shape shape, int gap, float mean) : values(shape.rows() * (shape.c + gap)) {
    const std::vector<float> drawn = fresh(values.size(), mean);
    for (size_t i = 0; i < values.size(); ++i) values[i] = f32_to_bf16(drawn[i]);
    tensor = {values.data(), shape, shape.c + gap, DType::bf16};
  }
};

PersistentTensor stored(std::vector<float>& v) {
  return {{v.data(), {1, 1, 1, static_cast<int>(v.size())}, static_cast<int>(v.size()), DType::f32},
          nullptr};
}

struct Layer {
  Shape in;  // of both halves together
  int second, out, groups;
  Precision precision;
};

void check_same(Isa isa, const Layer& l, bool spoilt) {
  const Shape half = l.in.with_c(l.in.c - l.second), result = l.in.with_c(l.out);
  Rows a(half, 0, 3), b(l.in.with_c(l.second ? l.second : 1), 8, -2), residual(result, 0, 0);
  if (spoilt) a.values[half.count() - 1] = f32_to_bf16(NAN);  // in the last image
  const ConcatView x = l.second ? ConcatView(a.tensor, b.tensor) : ConcatView(a.tensor);
  auto gain = fresh(l.in.c, 1), shift = fresh(l.in.c), bias = fresh(l.out);
  auto weight = fresh(static_cast<size_t>(l.out) * l.in.c * 9), time = fresh(l.in.n * l.out);
  const NormWeight norm{"norm", stored(gain), stored(shift), 1e-5f};
  const Prologue prologue{norm, l.groups, Fn::silu};
  Epilogue e;
  e.row_bias = {time.data(), {1, l.in.n, 1, l.out}, l.out, DType::f32};
  e.residual = residual.tensor;
  for (const int threads : {1, 3}) {
    const auto backend = make_table_backend(isa, threads);
    const ConvWeight w = backend->pack_conv3x3("conv", host(weight, {l.out, l.in.c, 3, 3}),
                                               host(bias, {l.out}), l.precision, false);
    Rows one(result, 0, 0), two(result, 0, 0);
    TestArena arena;
    backend->norm_conv3x3(arena, one.tensor, x, prologue, w, {}, e);
    backend->Backend::norm_conv3x3(arena, two.tensor, x, prologue, w, {}, e);
    CHECK(one.values == two.values);
    const size_t image = result.count() / result.n;
    const auto bad = [&](size_t i) { return !std::isfinite(bf16_to_f32(one.values[i])); };
    CHECK(bad(result.count() - 1) == spoilt);
    if (result.n > 1) CHECK(!bad(image - 1));
  }
}

}  // namespace

TEST_CASE("conv row blocks: the same bits as a norm and a convolution") {
  if (!supports(detect_features(), Isa::amx)) {
    MESSAGE("skipped: no AMX here");
    return;
  }
  const Layer layers[] = {{{1, 137, 144, 448}, 0, 40, 32, Precision::int8},
                          {{2, 67, 144, 448}, 0, 40, 32, Precision::bf16},
                          {{2, 130, 256, 280}, 120, 33, 8, Precision::int8},
                          {{1, 131, 256, 136}, 40, 8, 4, Precision::bf16},
                          {{1, 34, 256, 512}, 0, 8, 32, Precision::bf16}};  // long lines
  for (const Layer& l : layers) {
    REQUIRE(suits_conv_row_blocks(l.in, {.precision = l.precision}, {}, in_place_kernel()));
    for (const bool spoilt : {false, true}) check_same(Isa::amx, l, spoilt);
  }
}

TEST_CASE("conv row blocks: only where the size stays and rows are read in place") {
  const Gemm kernel = in_place_kernel();
  const Shape large{1, 512, 512, 128};
  const ConvWeight w{.precision = Precision::int8};
  CHECK_FALSE(suits_conv_row_blocks(large, w, {}, Gemm{}));
  CHECK(suits_conv_row_blocks(large, w, {}, kernel));
  CHECK_FALSE(suits_conv_row_blocks(large, w, {.stride = 2}, kernel));
  CHECK_FALSE(suits_conv_row_blocks(large, w, {.upsample = true}, kernel));
  CHECK_FALSE(suits_conv_row_blocks(large, w, {.pad_top = 0}, kernel));
  CHECK_FALSE(suits_conv_row_blocks({1, 512, 520, 128}, w, {}, kernel));
  CHECK_FALSE(suits_conv_row_blocks({1, 64, 64, 128}, w, {}, kernel));
  CHECK_FALSE(suits_conv_row_blocks({1, 512, 2048, 256}, w, {}, kernel));
  CHECK_FALSE(
      suits_conv_row_blocks(large, {.precision = Precision::int8, .per_tensor = true}, {}, kernel));
}

TEST_CASE("conv bands: the same bits as a norm and a convolution") {
  const Layer layers[] = {{{2, 137, 144, 448}, 0, 24, 32, Precision::int8},
                          {{1, 130, 256, 280}, 120, 33, 8, Precision::int8},
                          {{1, 131, 129, 300}, 40, 8, 4, Precision::bf16}};
  for (int i = 0; i < isa_count; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (isa == Isa::ref || !supports(detect_features(), isa)) continue;
    for (const Layer& l : layers) {
      INFO(std::string(isa_name(isa)) << " " << std::string(precision_name(l.precision)));
      for (const bool spoilt : {false, true}) check_same(isa, l, spoilt);
    }
  }
}

TEST_CASE("conv bands: in int8 and bf16, where the size stays") {
  Gemm kernel{};
  kernel.input = Element::i8;
  const Shape large{1, 512, 512, 128};
  const ConvWeight w{.precision = Precision::int8};
  CHECK(suits_conv_bands(large, w, {}, kernel));
  CHECK_FALSE(suits_conv_bands(large, w, {.stride = 2}, kernel));
  CHECK_FALSE(suits_conv_bands(large, w, {.upsample = true}, kernel));
  CHECK_FALSE(suits_conv_bands(large, w, {.pad_top = 0}, kernel));
  CHECK_FALSE(suits_conv_bands({1, 128, 128, 128}, w, {}, kernel));
  CHECK_FALSE(
      suits_conv_bands(large, {.precision = Precision::int8, .per_tensor = true}, {}, kernel));
  kernel.input = Element::f32;
  CHECK_FALSE(suits_conv_bands(large, {.precision = Precision::bf16}, {}, kernel));
}

TEST_CASE("linear row blocks: the same bits as a few rows at a time") {
  if (!supports(detect_features(), Isa::amx)) {
    MESSAGE("skipped: no AMX here");
    return;
  }
  const int out = 40, decode = 250;
  for (const Precision precision : {Precision::int8, Precision::bf16}) {
    for (const int second : {0, 120}) {
      const Shape in{2, 3500, 1, 264}, result = in.with_c(out);
      Rows a(in.with_c(in.c - second), 3, 1), b(in.with_c(second ? second : 1), 8, -2);
      Rows residual(result, 5, 0);
      a.values[7 * a.tensor.ld] = f32_to_bf16(NAN);
      const auto cat = [&](size_t at, int rows) {
        const Tensor first = a.tensor.slice(at, rows);
        return second ? ConcatView(first, b.tensor.slice(at, rows)) : ConcatView(first);
      };
      const ConcatView x = second ? ConcatView(a.tensor, b.tensor) : ConcatView(a.tensor);
      const auto weight = fresh(static_cast<size_t>(out) * in.c), bias = fresh(out);
      auto time = fresh(in.n * out);
      for (const int threads : {1, 3}) {
        const auto backend = make_table_backend(Isa::amx, threads);
        const LinearWeight w = backend->pack_linear(
            {.name = "linear", .parts = {{"linear", host(weight, {out, in.c}), host(bias, {out})}}},
            precision);
        REQUIRE(suits_linear_row_blocks(x, in_place_kernel(), threads));
        REQUIRE_FALSE(suits_linear_row_blocks(cat(0, decode), in_place_kernel(), threads));
        Rows one(result, 0, 0), two(result, 0, 0);
        TestArena arena;
        Epilogue e;
        e.row_bias = {time.data(), {1, in.n, 1, out}, out, DType::f32};
        e.residual = residual.tensor;
        backend->linear(arena, one.tensor, x, w, e);
        for (size_t at = 0; at < in.rows(); at += decode) {  // images end with a piece
          Epilogue part = e;
          part.row_bias = e.row_bias.slice(at / in.h, 1);
          part.residual = residual.tensor.slice(at, decode);
          backend->linear(arena, two.tensor.slice(at, decode), cat(at, decode), w, part);
        }
        CHECK(one.values == two.values);
        CHECK(std::isnan(bf16_to_f32(one.values[7 * out])));
        CHECK(std::isfinite(bf16_to_f32(one.values[8 * out])));
      }
    }
  }
}

TEST_CASE("linear over its input: the same bits as beside it") {
  const Shape in{2, 67, 71, 136};  // 9514 rows: more than are copied at once
  const int out = 88, gap = 8;
  for (int i = 0; i < isa_count; ++i) {
    const Isa isa = static_cast<Isa>(i);
    if (!supports(detect_features(), isa)) continue;
    for (const Precision precision : {Precision::f32, Precision::bf16, Precision::int8}) {
      INFO(std::string(isa_name(isa)) << " " << std::string(precision_name(precision)));
      for (const int threads : {1, 3}) {
        const auto backend = make_table_backend(isa, threads);
        auto weight = fresh(static_cast<size_t>(out) * in.c), bias = fresh(out);
        const LinearWeight w = backend->pack_linear(
            {.parts = {{"linear", host(weight, {out, in.c}), host(bias, {out})}}}, precision);
        Rows x(in, gap, 0.5f), beside(in.with_c(out), 0, 0);
        REQUIRE(backend->writes_over_input(x.tensor, w));
        TestArena arena;
        backend->linear(arena, beside.tensor, x.tensor, w, {});
        std::vector<uint16_t> expected = x.values;  // nothing else changes
        for (size_t r = 0; r < in.rows(); ++r) {
          std::copy_n(beside.tensor.row<uint16_t>(r), out, expected.data() + r * (in.c + gap));
        }
        backend->linear(arena, x.tensor.cols(0, out), x.tensor, w, {.over_input = true});
        CHECK(x.values == expected);
      }
    }
  }
}
