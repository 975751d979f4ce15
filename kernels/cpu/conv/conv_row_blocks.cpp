#include "kernels/cpu/conv/conv_row_blocks.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/conv/conv_window.h"
#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/norm/norm_driver.h"
#include "kernels/cpu/runtime/parallel.h"

namespace yent {
namespace {

constexpr size_t row_block_bytes = 1 << 20;     // of a second-level cache of two megabytes
constexpr size_t non_temporal_bytes = 8 << 20;  // smaller images stay in the caches anyway
constexpr int min_lines = 3;                    // two more are normalized with them

size_t line_bytes(const Shape& in, DType type) {
  const Layout line = padded_image_layout({1, 1, in.w, in.c}, type);
  return static_cast<size_t>(in.w + 2) * line.tensor.ld * block_bytes(type);
}

// Lines [first, first + count) of an image, normalized, with those above and below.
void fill_row_block(const Tensor& row_block, const GroupNormWalk& norm, const Shape& in, int image,
                    int first, float scale) {
  const size_t pixel = static_cast<size_t>(row_block.ld) * block_bytes(row_block.dtype);
  const size_t line = (in.w + 2) * pixel;
  for (int y = first - 1; y <= first + row_block.shape.h; ++y) {
    std::byte* to = static_cast<std::byte*>(row_block.data) + (y - first + 1) * line;
    if (y < 0 || y >= in.h || scale != scale) {
      std::memset(to, 0, line);
      continue;
    }
    std::memset(to, 0, pixel);
    std::memset(to + line - pixel, 0, pixel);
    const size_t row = (static_cast<size_t>(image) * in.h + y) * in.w;
    norm.apply(row, in.w, to + pixel, element(row_block.dtype), row_block.ld, 1 / scale);
    const size_t used = in.c * block_bytes(row_block.dtype);
    for (int i = 1; i <= in.w && used < pixel; ++i) {
      std::memset(to + i * pixel + used, 0, pixel - used);
    }
  }
}

}  // namespace

bool suits_row_blocks(const Shape& in, const ConvWeight& w, const ConvGeom& g, const Gemm& kernel) {
  const bool same_size = g.stride == 1 && g.pad_top == 1 && g.pad_left == 1 && !g.upsample;
  if (!kernel.multiply || w.per_tensor || !same_size || in.w % 16 != 0) return false;
  const size_t line = line_bytes(in, operand(w.precision));
  return line * in.h >= non_temporal_bytes && line * min_lines <= row_block_bytes;
}

void conv_row_blocks(Arena& arena, int threads, const RowKernels& row_kernels, Tensor out,
                     const ConcatView& x, const Prologue& p, Precision precision,
                     const GemmWeight& weight, const Epilogue& e) {
  const Shape in = x.shape();
  const DType type = operand(precision);
  const int near = static_cast<int>(row_block_bytes / line_bytes(in, type)) - 2;
  const int max_value = std::max(near, min_lines);  // of long lines a little too large
  const int spread = (in.n * in.h + 4 * threads - 1) / (4 * threads);  // some for every thread
  const int lines = std::clamp(spread, min_lines, max_value);
  const int row_blocks = (in.h + lines - 1) / lines;
  const Layout whole = padded_image_layout({1, lines, in.w, in.c}, type);

  GemmInput like;  // what a plan needs to know
  like.segments.assign(9, in.c);
  like.uniform_stride = true;
  const size_t product_bytes = in_place_bytes(static_cast<size_t>(lines) * in.w, like, weight);
  const size_t share = (whole.bytes + 63) / 64 * 64 + product_bytes;
  const GroupNormWalk norm(arena, threads, row_kernels, x, p.norm, p.groups, p.fn);
  const Scratch room(arena, share * threads);
  if (arena.measuring()) return;

  parallel_for(threads, static_cast<size_t>(in.n) * row_blocks, [&](size_t task, int thread) {
    const int image = static_cast<int>(task) / row_blocks,
              first = static_cast<int>(task) % row_blocks * lines;
    const int count = std::min(lines, in.h - first);
    const Shape shape{1, count, in.w, in.c};
    Tensor row_block = padded_image_layout(shape, type).tensor;
    row_block.data = room.as<std::byte>() + thread * share;
    const float scale = type == DType::i8 ? quant_scale(norm.absmax(image)) : 1;
    fill_row_block(row_block, norm, in, image, first, scale);

    const ConvWindow window{
        row_block, shape.with_c(out.shape.c), 1, ConvWindow::square(3, -1, -1), false, nullptr};
    GemmInput input = like;
    input.fill_indirection = [&](size_t row, int rows, const void** to) {
      window.fill_indirection(row, rows, to);
    };
    const size_t rows = shape.rows(), at = (static_cast<size_t>(image) * in.h + first) * in.w;
    if (type == DType::i8) input.scale = &scale;
    input.rows_per_scale = rows;
    multiply_in_place(room.as<std::byte>() + (thread + 1) * share - product_bytes, out, at, rows,
                      input, weight, e);
  });
}

}  // namespace yent
