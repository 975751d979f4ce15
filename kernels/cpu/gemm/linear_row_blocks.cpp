#include "kernels/cpu/gemm/linear_row_blocks.h"

#include <algorithm>

#include "kernels/cpu/layout/layout.h"
#include "kernels/cpu/runtime/parallel.h"

namespace yent {
namespace {

constexpr size_t row_block_rows = 512;  // as many as a task of gemm_in_place.cpp has

size_t row_blocks_of(const ConcatView& x) {
  return (x.rows() / x.a.shape.n + row_block_rows - 1) / row_block_rows;
}

}  // namespace

bool suits_row_blocks(const ConcatView& x, const LinearWeight& w, const Gemm& kernel, int threads) {
  return kernel.multiply && !w.per_tensor && row_blocks_of(x) * x.a.shape.n >= 4u * threads;
}

void linear_row_blocks(Arena& arena, int threads, const RowKernels& row_kernels, Tensor out,
                       const ConcatView& x, Precision precision, const GemmWeight& weight,
                       const Epilogue& e) {
  const int channels = x.channels();
  const DType type = operand(precision);
  const size_t pixels = x.rows() / x.a.shape.n, row_blocks = row_blocks_of(x);
  const auto lines = [&](size_t rows) {
    return padded_rows_layout({1, static_cast<int>(rows), 1, channels}, type);
  };
  GemmInput like;
  like.segments = {channels};
  like.uniform_stride = true;
  const size_t converted = (lines(row_block_rows).bytes + 63) / 64 * 64;
  const size_t share = converted + in_place_bytes(row_block_rows, like, weight);
  const Scratch room(arena, share * threads);
  if (arena.measuring()) return;

  parallel_for(threads, x.a.shape.n * row_blocks, [&](size_t task, int thread) {
    const size_t image = task / row_blocks, first = task % row_blocks * row_block_rows;
    const size_t rows = std::min(row_block_rows, pixels - first), at = image * pixels + first;
    const auto part = [&](const Tensor& t) { return t ? t.slice(at, static_cast<int>(rows)) : t; };
    std::byte* own = room.as<std::byte>() + thread * share;
    Tensor row_block = lines(rows).tensor;
    row_block.data = own;
    convert_rows(row_kernels, row_block, {part(x.a), part(x.b)}, 0, rows);

    GemmInput input = like;
    if (type == DType::i8) input.scale = quant_scales(row_block);
    input.fill_indirection = [&](size_t row, int count, const void** to) {
      for (int i = 0; i < count; ++i) to[i] = row_at(row_block, row + i);
    };
    multiply_in_place(own + converted, out, at, rows, input, weight, e);
  });
}

}  // namespace yent
