#include "kernels/cpu/gemm/linear_row_blocks.h"

#include <algorithm>

#include "kernels/cpu/gemm/gemm_in_place.h"
#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/integers.h"

namespace yent {
namespace {

constexpr size_t max_rows = 512;  // of a row block: as many as a task of gemm_in_place.cpp has

size_t row_blocks_of_image(const ConcatView& x) {
  return ceil_div(x.rows() / x.a.shape.n, max_rows);
}

}  // namespace

bool suits_linear_row_blocks(const ConcatView& x, const Gemm& kernel, int threads) {
  return reads_in_place(kernel) && row_blocks_of_image(x) * x.a.shape.n >= 4u * threads;
}

void linear_row_blocks(const CpuRun& run, const Tensor& out, const ConcatView& x,
                       const GemmWeight& weight, const Epilogue& e) {
  const int channels = x.channels();
  const DType type = input_type(*weight.kernel);
  const size_t pixels = x.rows() / x.a.shape.n, row_blocks = row_blocks_of_image(x);
  const auto layout_of = [&](size_t rows) {
    return padded_rows_layout({1, static_cast<int>(rows), 1, channels}, type);
  };
  const GemmInput largest{.rows = max_rows, .segments = {channels}, .uniform_stride = true};
  const size_t converted = round_up(layout_of(max_rows).bytes, cache_line);
  const size_t share = converted + in_place_bytes(largest, weight);
  const Scratch room(run.arena, share * run.threads);
  if (run.arena.measuring()) return;

  parallel_for(run.threads, x.a.shape.n * row_blocks, [&](size_t task, int thread) {
    const size_t image = task / row_blocks, first = task % row_blocks * max_rows;
    const size_t rows = std::min(max_rows, pixels - first), at = image * pixels + first;
    const auto part = [&](const Tensor& t) { return t ? t.slice(at, static_cast<int>(rows)) : t; };
    std::byte* own = room.as<std::byte>() + thread * share;
    Tensor row_block = layout_of(rows).tensor;
    row_block.data = own;
    convert_rows(run.row_kernels, row_block, {part(x.a), part(x.b)}, 0, rows);

    GemmInput input = largest;
    input.rows = rows;
    if (type == DType::i8) input.scale = quant_scales(row_block);
    input.fill_indirection = [&](size_t row, int count, const void** to) {
      for (int i = 0; i < count; ++i) to[i] = row_at(row_block, row + i);
    };
    multiply_in_place(own + converted, out, at, input, weight, e);
  });
}

}  // namespace yent
