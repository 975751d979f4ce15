#include "kernels/cpu/conv/conv_row_blocks.h"

#include <algorithm>

#include "kernels/cpu/conv/conv_weight.h"
#include "kernels/cpu/conv/conv_window.h"
#include "kernels/cpu/conv/normalized_lines.h"
#include "kernels/cpu/gemm/gemm_in_place.h"
#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/integers.h"

namespace yent {
namespace {

constexpr int min_lines = 3;  // of a row block: two more are normalized with them

// Lines that fit the second-level cache with the two next to them, if every thread has some work.
int lines_of_block(const Shape& in, DType type, int threads) {
  const int fitting = static_cast<int>(l2_budget / line_bytes(in, type)) - 2;
  const int max_lines = std::max(fitting, min_lines);  // of long lines a little too large
  return std::clamp(ceil_div(in.n * in.h, 4 * threads), min_lines, max_lines);
}

}  // namespace

bool suits_conv_row_blocks(const Shape& in, const ConvWeight& w, const ConvGeom& g,
                           const Gemm& kernel) {
  if (!reads_in_place(kernel) || w.per_tensor || !g.keeps_size() || in.w % 16 != 0) return false;
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
    const NormalizedLines source{norm, in, image, first, scale};
    for (int y = -1; y <= count; ++y) source.write(row_block, y);

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
