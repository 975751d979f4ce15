// Winograd's algorithm in int8: the same bits as the direct convolution, for fresh random layers
// and for those whose numbers are as large as they can be.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <random>

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

// The rows of this machine that have the algorithm.
std::vector<const Gemm*> winograd_rows() {
  std::vector<const Gemm*> rows;
  for (const Gemm* row : gemm_i8_table()) {
    if (row->winograd && supports(detect_features(), row->isa)) rows.push_back(row);
  }
  return rows;
}

struct Layer {
  Shape in;
  int out;
  std::vector<float> weight, bias, time, image, residual;

  Layer(Shape shape, int columns)
      : in(shape),
        out(columns),
        weight(fresh(size_t{9} * columns * in.c)),
        bias(fresh(columns)),
        time(fresh(size_t{1} * in.n * columns)),
        image(fresh(in.count())),
        residual(fresh(in.rows() * columns)) {}

  static std::vector<float> fresh(size_t count) { return normals(count, std::random_device{}()); }

  std::shared_ptr<CpuConvWeight> pack(const Gemm& kernel) const {
    const RowKernels& rows = pick(row_kernels_table(), kernel.isa, detect_features());
    return pack_conv_weight(
        kernel, rows, 2,
        {host(weight, {out, in.c, 3, 3}), host(bias, {out}), Precision::int8, false});
  }

  // The result by Winograd's algorithm with `threads` threads, or the direct one.
  std::vector<float> run(const CpuConvWeight& packed, int threads) {
    TestArena arena;
    const CpuRun run{arena, std::max(threads, 1),
                     pick(row_kernels_table(), packed.gemm.kernel->isa, detect_features())};
    const Tensor x{image.data(), in, in.c, DType::f32};
    std::vector<float> result(in.rows() * out);
    const Tensor to{result.data(), in.with_c(out), out, DType::f32};
    Epilogue e;
    e.row_bias = {time.data(), {1, in.n, 1, out}, out, DType::f32};
    e.residual = {residual.data(), in.with_c(out), out, DType::f32};
    if (threads) {
      const Reordered padded(run, x, padded_image_layout(in, DType::i8));
      convolve_winograd(run, to, padded.tensor(), packed, e);
      return result;
    }
    auto direct = std::make_shared<CpuConvWeight>(packed);
    direct->winograd = {};
    const ConvWeight w{.in = in.c, .out = out, .precision = Precision::int8, .packed = direct};
    convolve(run, to, x, w, {}, e);
    return result;
  }

  void check() {
    for (const Gemm* kernel : winograd_rows()) {
      INFO(std::string(kernel->name));
      const auto packed = pack(*kernel);
      const auto direct = run(*packed, 0);
      for (const int threads : {1, 3}) {
        const auto result = run(*packed, threads);
        CHECK(std::memcmp(result.data(), direct.data(), result.size() * sizeof(float)) == 0);
      }
    }
  }
};

int segments(const CpuConvWeight& w) {
  return std::accumulate(w.winograd.end.begin(), w.winograd.end.begin() + w.winograd.chunks, 0);
}

}  // namespace

TEST_CASE("winograd: the same bits as the direct convolution, for fresh layers") {
  const std::pair<Shape, int> cases[] = {
      {{1, 1, 1, 1}, 1},      {{2, 4, 4, 16}, 16},    {{1, 5, 7, 20}, 33},   {{3, 9, 6, 64}, 70},
      {{1, 16, 16, 129}, 40}, {{2, 13, 33, 100}, 17}, {{1, 3, 200, 36}, 64}, {{2, 2, 2, 320}, 48},
      {{1, 66, 64, 32}, 48},  {{1, 8, 8, 1300}, 20},  {{2, 33, 70, 130}, 18}};
  for (const auto& [shape, columns] : cases) {
    CAPTURE(shape.h);
    CAPTURE(shape.c);
    Layer(shape, columns).check();
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
      layer.check();
    }
  }
}

// Weights are whole numbers with 127 among them, so the quantized ones are the same numbers.
TEST_CASE("winograd: segments end where a sum could leave its range, and not before") {
  constexpr int channels = 256, taps = 9 * channels, bound = (winograd_max_sum - 1) / 127;
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
        CHECK(segments(*layer.pack(*kernel)) == 1 + more);
      }
      layer.check();
    }
  }
}

TEST_CASE("winograd: values that are not finite come out as not finite") {
  for (const Gemm* kernel : winograd_rows()) {
    Layer layer({2, 8, 8, 64}, 64);
    layer.image[layer.in.count() - 1] = NAN;
    const auto packed = layer.pack(*kernel);
    const auto result = layer.run(*packed, 2), direct = layer.run(*packed, 0);
    CHECK(std::isfinite(result[0]));
    CHECK_FALSE(std::isfinite(result.back()));
    CHECK(std::memcmp(result.data(), direct.data(), result.size() * sizeof(float)) == 0);
  }
}
