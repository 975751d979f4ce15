#include "kernels/cpu/conv/conv_bands.h"

#include <algorithm>

#include "kernels/cpu/conv/conv_driver.h"
#include "kernels/cpu/conv/conv_weight.h"
#include "kernels/cpu/conv/normalized_lines.h"
#include "kernels/cpu/conv/winograd.h"
#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/integers.h"

namespace yent {
namespace {

// Of a band: 32 lines of 512 pixels, 4 MB of int8 at 256 channels, and 1024 of Winograd's tiles.
constexpr size_t band_pixels = 16384;

// Whole tiles, so that a result is computed from the same ones as in the whole image.
int lines_of_band(const Shape& in) {
  const int lines = static_cast<int>(round_up(ceil_div<size_t>(band_pixels, in.w), winograd_tile));
  return std::min(lines, in.h);
}

}  // namespace

bool suits_conv_bands(const Shape& in, const ConvWeight& w, const ConvGeom& g, const Gemm& kernel) {
  const DType type = input_type(kernel);
  if (type == DType::f32 || type != operand(w.precision) || w.per_tensor || !g.keeps_size()) {
    return false;
  }
  return line_bytes(in, type) * in.h >= row_block_threshold && lines_of_band(in) < in.h;
}

void conv_bands(const CpuRun& run, const Tensor& out, const ConcatView& x, const Prologue& p,
                const ConvWeight& w, const Epilogue& e) {
  const Shape in = x.shape();
  const DType type = operand(w.precision);
  const int most = lines_of_band(in);
  const GroupNormWalk norm(run, x, p);
  for (int image = 0; image < in.n; ++image) {
    for (int first = 0; first < in.h; first += most) {
      const int lines = std::min(most, in.h - first);
      const Layout layout = padded_image_layout({1, lines, in.w, in.c}, type);
      const Scratch room(run.arena, layout.bytes);
      Tensor band = layout.tensor;
      band.data = room.as<std::byte>();
      if (!run.arena.measuring()) {
        const float scale = type == DType::i8 ? quant_scale(norm.absmax(image)) : 1;
        const NormalizedLines source{norm, in, image, first, scale};
        if (type == DType::i8) *quant_scales(band) = scale;
        parallel_for(run.threads, lines + 2,
                     [&](size_t line, int) { source.write(band, static_cast<int>(line) - 1); });
      }
      const size_t at = (static_cast<size_t>(image) * in.h + first) * in.w;
      const auto part = [&](const Tensor& t) {
        return t ? t.slice(at, lines * in.w).view(1, lines, in.w) : t;
      };
      Epilogue own = e;
      own.residual = part(e.residual);
      if (e.row_bias) own.row_bias = e.row_bias.slice(image, 1);
      convolve_piece(run, part(out), band, in, w, own);
    }
  }
}

}  // namespace yent
