#include "kernels/cpu/conv/conv_driver.h"

#include <algorithm>

#include "kernels/cpu/conv/conv_weight.h"
#include "kernels/cpu/conv/conv_window.h"
#include "kernels/cpu/conv/conv_winograd.h"
#include "kernels/cpu/gemm/gemm_driver.h"
#include "kernels/cpu/layout/layout.h"

namespace yent {
namespace {

// One product: the pixels a window sees at every position of its grid, by a weight.
struct WindowProduct {
  const CpuRun& run;
  const Tensor& out;
  const Epilogue& e;

  void multiply(const ConvWindow& window, const GemmWeight& weight, const OutputMap& map) const {
    const DType type = input_type(*weight.kernel);
    GemmInput input{.rows = window.grid.rows(), .output_map = map};
    input.segments.assign(window.taps.size(), window.image.shape.c);
    if (type == DType::i8) input.scale = quant_scales(window.image);
    input.rows_per_scale = static_cast<size_t>(window.grid.h) * window.grid.w;
    input.uniform_stride =
        type != DType::f32 && !window.upsampled && window.grid.w % 16 == 0 && window.inside();
    input.fill_indirection = [&](size_t first, int count, const void** to) {
      window.fill_indirection(first, count, to);
    };
    yent::multiply(run, out, input, weight, e);
  }
};

// The way is chosen for an image of shape `whole`.
// NOLINTNEXTLINE(readability-function-size): a convolution's arguments, and that
void convolve(const CpuRun& run, const Tensor& out, const Tensor& x, const Shape& whole,
              const ConvWeight& w, const ConvGeom& g, const Epilogue& e) {
  const CpuConvWeight& packed = packed_conv(w);
  const DType type = input_type(*packed.gemm.kernel);
  const Layout wanted = type == DType::f32 ? row_major_layout(x.shape, DType::f32)
                                           : padded_image_layout(x.shape, type);
  const Reordered image(run, x, wanted, w.per_tensor);
  if (g.keeps_size() && suits_winograd(whole, packed.gemm, packed.winograd)) {
    return convolve_winograd(run, out, {image.tensor(), -1, -1}, packed.gemm, packed.winograd, e);
  }
  const Scratch zeros(run.arena, sizeof(float) * w.in);  // what a tap outside the image reads
  if (!run.arena.measuring()) std::fill_n(zeros.as<float>(), w.in, 0.0f);
  const WindowProduct product{run, out, e};
  const Shape in = x.shape;
  const bool doubled = g.upsample && out.shape.h == 2 * in.h && out.shape.w == 2 * in.w;
  if (!doubled || packed.phases.empty()) {
    const auto taps = ConvWindow::square(3, -g.pad_top, -g.pad_left);
    const ConvWindow window{image.tensor(), out.shape,  g.stride,
                            taps,           g.upsample, zeros.as<std::byte>()};
    return product.multiply(window, packed.gemm, {});
  }
  // Every second pixel of every second line is a 2x2 convolution of the image as it is.
  const size_t line = in.w, line_step = 4 * line;
  for (int phase = 0; phase < 4; ++phase) {
    const int y = phase / 2, x0 = phase % 2;
    const GemmWeight& weight = packed.phases[phase];
    const OutputMap map{line, line_step, 2, 2 * line * y + x0};
    if (!packed.phase_winograd.empty() &&
        suits_winograd(in, weight, packed.phase_winograd[phase])) {
      convolve_winograd(run, out, {image.tensor(), y - 1, x0 - 1, map}, weight,
                        packed.phase_winograd[phase], e);
      continue;
    }
    const ConvWindow window{
        image.tensor(), in.with_c(w.out),     1, ConvWindow::square(2, y - 1, x0 - 1),
        false,          zeros.as<std::byte>()};
    product.multiply(window, weight, map);
  }
}

}  // namespace

void convolve(const CpuRun& run, const Tensor& out, const Tensor& x, const ConvWeight& w,
              const ConvGeom& g, const Epilogue& e) {
  convolve(run, out, x, x.shape, w, g, e);
}

void convolve_piece(const CpuRun& run, const Tensor& out, const Tensor& x, const Shape& whole,
                    const ConvWeight& w, const Epilogue& e) {
  convolve(run, out, x, whole, w, {}, e);
}

}  // namespace yent
