// Winograd's algorithm in int8: the same bits as the direct convolution, for fresh random layers
// and for those whose numbers are as large as they can be.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>
#include <span>

#include "kernels/cpu/conv/conv_driver.h"
#include "kernels/cpu/conv/conv_winograd.h"
#include "kernels/cpu/conv/winograd.h"
#include "kernels/cpu/layout/layout.h"
#include "tests/support/every_isa.h"
#include "tests/support/op_check.h"
#include "tests/support/values.h"

using namespace yent;
using namespace yent::test;

namespace {

// The rows of a table that this machine can run and that have the algorithm.
std::vector<const Gemm*> winograd_rows(std::span<const Gemm* const> table = gemm_i8_table()) {
  std::vector<const Gemm*> rows;
  for (const Gemm* row : table) {
    if (row->winograd && supports(detect_features(), row->isa)) rows.push_back(row);
  }
  return rows;
}

struct Layer {
  Shape in;
  int out;
  bool upsamples = false;
  std::vector<float> weight, bias, time, image, residual;

  Layer(Shape shape, int columns, bool doubles = false)
      : in(shape),
        out(columns),
        upsamples(doubles),
        weight(fresh(size_t{9} * columns * in.c)),
        bias(fresh(columns)),
        time(fresh(size_t{1} * in.n * columns)),
        image(fresh(in.count())),
        residual(fresh(result().count())) {}

  static std::vector<float> fresh(size_t count) { return normals(count, std::random_device{}()); }

  Shape result() const {
    const int factor = upsamples ? 2 : 1;
    return {in.n, factor * in.h, factor * in.w, out};
  }

  std::shared_ptr<CpuConvWeight> pack(const Gemm& kernel, Precision precision) const {
    const RowKernels& rows = pick(row_kernels_table(), kernel.isa, detect_features());
    return pack_conv_weight(
        kernel, rows, 2,
        {host(weight, {out, in.c, 3, 3}), host(bias, {out}), precision, upsamples, false});
  }

  // The result by Winograd's algorithm with `threads` threads, or the direct one.
  std::vector<float> run(const CpuConvWeight& packed, Precision precision, int threads) {
    TestArena arena;
    const CpuRun run{arena, std::max(threads, 1),
                     pick(row_kernels_table(), packed.gemm.kernel->isa, detect_features())};
    const Tensor x{image.data(), in, in.c, DType::f32};
    std::vector<float> values(result().count());
    const Tensor to{values.data(), result(), out, DType::f32};
    Epilogue e;
    e.row_bias = {time.data(), {1, in.n, 1, out}, out, DType::f32};
    e.residual = {residual.data(), result(), out, DType::f32};
    if (threads && !upsamples) {
      const DType type = input_type(*packed.gemm.kernel);
      const Reordered padded(
          run, x, type == DType::f32 ? row_major_layout(in, type) : padded_image_layout(in, type));
      convolve_winograd(run, to, {padded.tensor(), -1, -1}, packed.gemm, packed.winograd, e);
      return values;
    }
    auto chosen = std::make_shared<CpuConvWeight>(packed);
    Winograd free;  // so it is chosen, however small the image
    if (!threads) chosen->winograd = {}, chosen->phase_winograd.clear();
    for (WinogradCuts& cuts : chosen->phase_winograd) {
      free = *cuts.kernel, free.cost = 0;
      cuts.kernel = &free;
    }
    const ConvWeight w{.in = in.c, .out = out, .precision = precision, .packed = chosen};
    convolve(run, to, x, w, {.upsample = upsamples}, e);
    return values;
  }

  void check_same_bits() {
    for (const Gemm* kernel : winograd_rows()) {
      INFO(std::string(kernel->name));
      const auto packed = pack(*kernel, Precision::int8);
      const auto direct = run(*packed, Precision::int8, 0);
      for (const int threads : {1, 3}) {
        const auto values = run(*packed, Precision::int8, threads);
        CHECK(std::memcmp(values.data(), direct.data(), values.size() * sizeof(float)) == 0);
      }
    }
  }

  // `limit` is a part of the results' root mean square.
  void check_close(const Gemm& kernel, Precision precision, double limit) {
    const auto packed = pack(kernel, precision);
    const auto direct = run(*packed, precision, 0), values = run(*packed, precision, 1);
    CHECK(values == run(*packed, precision, 3));
    double squares = 0, worst = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      squares += static_cast<double>(direct[i]) * direct[i];
      worst = std::max(worst, std::fabs(static_cast<double>(values[i]) - direct[i]));
    }
    const double error = worst / std::sqrt(squares / static_cast<double>(values.size()));
    CAPTURE(error);
    CHECK(error < limit);
    CHECK(error > 0);  // it was not the direct way
  }
};

// A layer's input and how many channels it makes.
struct Case {
  Shape shape;
  int columns;
};

}  // namespace

TEST_CASE("winograd: the same bits as the direct convolution, for fresh layers") {
  const Case cases[] = {{{1, 1, 1, 1}, 1},     {{2, 4, 4, 16}, 16},    {{1, 5, 7, 20}, 33},
                        {{3, 9, 6, 64}, 70},   {{1, 16, 16, 129}, 40}, {{2, 13, 33, 100}, 17},
                        {{1, 3, 200, 36}, 64}, {{2, 2, 2, 320}, 48},   {{1, 66, 64, 32}, 48},
                        {{1, 8, 8, 1300}, 20}, {{2, 33, 70, 130}, 18}};
  for (const Case& c : cases) {
    const auto& [shape, columns] = c;
    CAPTURE(c.shape.h);
    CAPTURE(c.shape.c);
    Layer(shape, columns).check_same_bits();
  }
}

TEST_CASE("winograd: the same bits as the direct convolution where an image is doubled") {
  const Case cases[] = {
      {{1, 28, 32, 64}, 64}, {{1, 30, 35, 100}, 70}, {{2, 27, 29, 64}, 65}, {{1, 31, 25, 640}, 64}};
  for (const Case& c : cases) {
    const auto& [shape, columns] = c;
    CAPTURE(c.shape.h);
    Layer layer(shape, columns, true);
    layer.check_same_bits();
    // As large as they can be: all of a phase's taps have the same sign.
    for (float& w : layer.weight) w = w < 0 ? -1 : 1;
    for (float& v : layer.image) v = v < 0 ? -1 : 1;
    layer.check_same_bits();
    std::fill(layer.weight.begin(), layer.weight.end(), -1.0f);
    std::fill(layer.image.begin(), layer.image.end(), 1.0f);
    layer.check_same_bits();
  }
}

TEST_CASE("winograd: the rounding error of f32 and bf16 stays near that of the direct way") {
  const Case cases[] = {
      {{1, 28, 32, 64}, 64}, {{2, 27, 29, 80}, 65}, {{1, 29, 34, 320}, 70}, {{1, 24, 24, 640}, 64}};
  for (const Case& c : cases) {
    const auto& [shape, columns] = c;
    for (const bool doubles : {false, true}) {
      CAPTURE(c.shape.c);
      CAPTURE(doubles);
      Layer layer(shape, columns, doubles);
      for (const Gemm* kernel : winograd_rows(gemm_f32_table())) {
        layer.check_close(*kernel, Precision::f32, 3e-5);
      }
      for (const Gemm* kernel : winograd_rows(gemm_bf16_table())) {
        layer.check_close(*kernel, Precision::bf16, 3e-5);
      }
    }
  }
}

TEST_CASE("winograd: channels that fill no whole vector of f32 go the direct way") {
  for (const Gemm* kernel : winograd_rows(gemm_f32_table())) {
    const int odd = kernel->winograd->taps3.granule + 1;
    CHECK_FALSE(Layer({1, 24, 24, odd}, 64).pack(*kernel, Precision::f32)->winograd.kernel);
    CHECK(Layer({1, 24, 24, odd - 1}, 64).pack(*kernel, Precision::f32)->winograd.kernel);
  }
}

TEST_CASE("winograd: corners, where every value has the greatest magnitude") {
  std::mt19937 random(std::random_device{}());
  for (const int channels : {4, 64, 224, 300, 640}) {
    for (const int pattern : {0, 1, 2, 3}) {
      CAPTURE(channels);
      CAPTURE(pattern);
      Layer layer({1, 9, 8, channels}, 20);
      const auto sign = [&](size_t i) {
        if (pattern == 0) return 1.0f;
        if (pattern == 1) return -1.0f;
        if (pattern == 2) return i % 2 ? 1.0f : -1.0f;
        return random() % 2 ? 1.0f : -1.0f;
      };
      for (size_t i = 0; i < layer.weight.size(); ++i) layer.weight[i] = sign(i);
      for (size_t i = 0; i < layer.image.size(); ++i) layer.image[i] = sign(pattern == 3 ? i : 0);
      layer.check_same_bits();
    }
  }
}

TEST_CASE("winograd: not for images of few tiles, whose weights are transformed for little") {
  for (const Gemm* kernel : winograd_rows()) {
    const auto suits = [&](Shape shape, int columns) {
      const auto packed = Layer(shape, columns).pack(*kernel, Precision::int8);
      return suits_winograd(shape, packed->gemm, packed->winograd);
    };
    CHECK(suits({2, 16, 16, 320}, 320));
    const bool cheap = kernel->winograd->taps3.cost == 1;
    CHECK(suits({1, 16, 16, 64}, 64) == cheap);
    CHECK(suits({2, 8, 8, 320}, 320) == cheap);
    CHECK_FALSE(suits({1, 4, 4, 320}, 64));
    CHECK_FALSE(suits({1, 64, 2, 64}, 64));
  }
}

// Weights are whole numbers with 127 among them, so the quantized ones are the same numbers.
TEST_CASE("winograd: segments end where a sum could leave its range, and not before") {
  constexpr int channels = 256, taps = 9 * channels, bound = ((1 << 25) - 1) / 127;
  for (const int more : {0, 1}) {
    for (const float sign : {1.0f, -1.0f}) {
      Layer layer({1, 8, 8, channels}, 16);
      std::fill(layer.image.begin(), layer.image.end(), 3.0f);
      std::fill(layer.weight.begin(), layer.weight.end(), 0.0f);
      int rest = bound + more;
      for (int i = 0; i < taps; ++i) {
        const int share = std::min(127, i < 1000 ? 127 : (rest + taps - i - 1) / (taps - i));
        layer.weight[i] = sign * share;
        rest -= share;
      }
      REQUIRE(rest == 0);
      for (const Gemm* kernel : winograd_rows()) {
        CHECK(layer.pack(*kernel, Precision::int8)->winograd.segments() == 1 + more);
      }
      layer.check_same_bits();
    }
  }
}

TEST_CASE("winograd: values that are not finite come out as not finite") {
  for (const Gemm* kernel : winograd_rows()) {
    Layer layer({2, 8, 8, 64}, 64);
    layer.image[layer.in.count() - 1] = NAN;
    const auto packed = layer.pack(*kernel, Precision::int8);
    const auto values = layer.run(*packed, Precision::int8, 2),
               direct = layer.run(*packed, Precision::int8, 0);
    CHECK(std::isfinite(values[0]));
    CHECK_FALSE(std::isfinite(values.back()));
    CHECK(std::memcmp(values.data(), direct.data(), values.size() * sizeof(float)) == 0);
  }
}
