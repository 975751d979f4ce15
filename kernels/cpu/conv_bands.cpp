#include "kernels/cpu/conv_bands.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/form.h"
#include "kernels/cpu/norm_driver.h"
#include "kernels/cpu/parallel.h"
#include "kernels/cpu/window.h"

namespace yent {
namespace {

constexpr size_t band_bytes = 1 << 20;  // of a second-level cache of two megabytes
constexpr size_t far_bytes = 8 << 20;   // smaller images stay in the caches anyway
constexpr int fewest_lines = 3;         // two more are normalized with them

size_t line_bytes(const Shape& in, DType type) {
  const Form line = image_form({1, 1, in.w, in.c}, type);
  return static_cast<size_t>(in.w + 2) * line.tensor.ld * block_bytes(type);
}

// Lines [first, first + count) of an image, normalized, with those above and below.
void fill_band(const Tensor& band, const GroupNormWalk& norm, const Shape& in, int image, int first,
               float scale) {
  const size_t pixel = static_cast<size_t>(band.ld) * block_bytes(band.dtype);
  const size_t line = (in.w + 2) * pixel;
  for (int y = first - 1; y <= first + band.shape.h; ++y) {
    std::byte* to = static_cast<std::byte*>(band.data) + (y - first + 1) * line;
    if (y < 0 || y >= in.h || scale != scale) {
      std::memset(to, 0, line);
      continue;
    }
    std::memset(to, 0, pixel);
    std::memset(to + line - pixel, 0, pixel);
    const size_t row = (static_cast<size_t>(image) * in.h + y) * in.w;
    norm.apply(row, in.w, to + pixel, element(band.dtype), band.ld, 1 / scale);
    const size_t used = in.c * block_bytes(band.dtype);
    for (int i = 1; i <= in.w && used < pixel; ++i) {
      std::memset(to + i * pixel + used, 0, pixel - used);
    }
  }
}

}  // namespace

bool suits_bands(const Shape& in, const ConvW& w, const ConvGeom& g, const Gemm& kernel) {
  const bool same_size = g.stride == 1 && g.pad_top == 1 && g.pad_left == 1 && !g.upsample;
  if (!kernel.multiply || w.one_scale || !same_size || in.w % 16 != 0) return false;
  const size_t line = line_bytes(in, operand(w.precision));
  return line * in.h >= far_bytes && line * fewest_lines <= band_bytes;
}

void conv_bands(Arena& arena, int threads, const Vec& vec, Tensor out, const Cat& x,
                const Prologue& p, Precision precision, const GemmWeight& weight,
                const Epilogue& e) {
  const Shape in = x.shape();
  const DType type = operand(precision);
  const int near = static_cast<int>(band_bytes / line_bytes(in, type)) - 2;
  const int most = std::max(near, fewest_lines);  // of long lines a little too large
  const int spread = (in.n * in.h + 4 * threads - 1) / (4 * threads);  // some for every thread
  const int lines = std::clamp(spread, fewest_lines, most);
  const int bands = (in.h + lines - 1) / lines;
  const Form whole = image_form({1, lines, in.w, in.c}, type);

  GemmInput like;  // what a plan needs to know
  like.stretches.assign(9, in.c);
  like.even = true;
  const size_t product_bytes = in_place_bytes(static_cast<size_t>(lines) * in.w, like, weight);
  const size_t share = (whole.bytes + 63) / 64 * 64 + product_bytes;
  const GroupNormWalk norm(arena, threads, vec, x, p.norm, p.groups, p.fn);
  const Scratch room(arena, share * threads);
  if (arena.measuring()) return;

  parallel_for(threads, static_cast<size_t>(in.n) * bands, [&](size_t task, int thread) {
    const int image = static_cast<int>(task) / bands,
              first = static_cast<int>(task) % bands * lines;
    const int count = std::min(lines, in.h - first);
    const Shape shape{1, count, in.w, in.c};
    Tensor band = image_form(shape, type).tensor;
    band.data = room.as<std::byte>() + thread * share;
    const float scale = type == DType::i8 ? code_scale(norm.peak(image)) : 1;
    fill_band(band, norm, in, image, first, scale);

    const Window window{band,   shape.with_c(out.shape.c), 1, Window::square(3, -1, -1), false,
                        nullptr};
    GemmInput input = like;
    input.locate = [&](size_t row, int rows, const void** to) { window.locate(row, rows, to); };
    const size_t rows = shape.rows(), at = (static_cast<size_t>(image) * in.h + first) * in.w;
    if (type == DType::i8) input.scale = &scale;
    input.rows_per_scale = rows;
    multiply_in_place(room.as<std::byte>() + (thread + 1) * share - product_bytes, out, at, rows,
                      input, weight, e);
  });
}

}  // namespace yent
