#include "kernels/cpu/conv/conv_row_blocks.h"

#include <algorithm>
#include <cstring>

#include "kernels/cpu/conv/conv_weight.h"
#include "kernels/cpu/conv/conv_window.h"
#include "kernels/cpu/gemm/gemm_in_place.h"
#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/norm/norm_driver.h"
#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/integers.h"

namespace yent {
namespace {

constexpr int min_lines = 3;  // of a row block: two more are normalized with them

size_t line_bytes(const Shape& in, DType type) {
  const Layout line = padded_image_layout({1, 1, in.w, in.c}, type);
  return static_cast<size_t>(in.w + 2) * line.tensor.ld * block_bytes(type);
}

// Normalizes the lines of a row block, from line `first` of the image on, and the two next to them.
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

// Lines that fit the second-level cache with the two next to them, if every thread has some work.
int lines_of_block(const Shape& in, DType type, int threads) {
  const int fitting = static_cast<int>(l2_budget / line_bytes(in, type)) - 2;
  const int max_lines = std::max(fitting, min_lines);  // of long lines a little too large
  return std::clamp(ceil_div(in.n * in.h, 4 * threads), min_lines, max_lines);
}

}  // namespace

bool suits_conv_row_blocks(const Shape& in, const ConvWeight& w, const ConvGeom& g,
                           const Gemm& kernel) {
  const bool same_size = g.stride == 1 && g.pad_top == 1 && g.pad_left == 1 && !g.upsample;
  if (!reads_in_place(kernel) || w.per_tensor || !same_size || in.w % 16 != 0) return false;
  const size_t line = line_bytes(in, operand(w.precision));
  return line * in.h >= row_block_threshold && line * min_lines <= l2_budget;
}

void conv_row_blocks(const CpuRun& run, const Tensor& out, const ConcatView& x, const Prologue& p,
                     const ConvWeight& w, const Epilogue& e) {
  const Shape in = x.shape();
  const GemmWeight& weight = packed_conv(w).gemm;
  const DType type = operand(w.precision);
  const int lines = lines_of_block(in, type, run.threads);
  const int row_blocks = ceil_div(in.h, lines);
  const Layout whole = padded_image_layout({1, lines, in.w, in.c}, type);

  GemmInput largest{.rows = static_cast<size_t>(lines) * in.w, .uniform_stride = true};
  largest.segments.assign(9, in.c);
  const size_t product_bytes = in_place_bytes(largest, weight);
  const size_t share = round_up(whole.bytes, cache_line) + product_bytes;
  const GroupNormWalk norm(run, x, p);
  const Scratch room(run.arena, share * run.threads);
  if (run.arena.measuring()) return;

  parallel_for(run.threads, static_cast<size_t>(in.n) * row_blocks, [&](size_t task, int thread) {
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
    GemmInput input = largest;
    input.rows = input.rows_per_scale = shape.rows();
    input.fill_indirection = [&](size_t row, int rows, const void** to) {
      window.fill_indirection(row, rows, to);
    };
    if (type == DType::i8) input.scale = &scale;
    const size_t at = (static_cast<size_t>(image) * in.h + first) * in.w;
    multiply_in_place(room.as<std::byte>() + (thread + 1) * share - product_bytes, out, at, input,
                      weight, e);
  });
}

}  // namespace yent
