#include "kernels/cpu/gemm/linear_driver.h"

#include <algorithm>

#include "kernels/cpu/gemm/gemm_driver.h"
#include "kernels/cpu/gemm/linear_row_blocks.h"
#include "kernels/cpu/layout/layout.h"

namespace yent {
namespace {

// Of a block that linear_over_input() copies: tasks enough for many threads, and 4 MB of bf16 at
// 256 columns, which most third-level caches hold.
constexpr size_t rows_copied = 8192;

// Rows in the layout that the kernel reads.
GemmInput converted_rows(const Tensor& rows) {
  GemmInput input{.rows = rows.rows(), .segments = {rows.shape.c}};
  input.uniform_stride = rows.dtype != DType::f32;
  if (rows.dtype == DType::i8) input.scale = quant_scales(rows);
  input.fill_indirection = [rows](size_t first, int count, const void** to) {
    for (int i = 0; i < count; ++i) to[i] = row_at(rows, first + i);
  };
  return input;
}

// f32 rows are read in place, both halves.
void linear_f32(const CpuRun& run, const Tensor& out, const ConcatView& x, const GemmWeight& weight,
                const Epilogue& e) {
  const Reordered a(run, x.a, row_major_layout(x.a.shape, DType::f32));
  const Tensor second = x.b ? x.b : x.a;
  const Reordered b(run, second, row_major_layout(second.shape, DType::f32));
  GemmInput input{.rows = out.rows(), .segments = {x.a.shape.c}};
  if (x.b) input.segments.push_back(x.b.shape.c);
  input.fill_indirection = [&](size_t first, int count, const void** to) {
    for (int i = 0; i < count; ++i) to[i] = row_at(a.tensor(), first + i);
    for (int i = 0; x.b && i < count; ++i) to[count + i] = row_at(b.tensor(), first + i);
  };
  multiply(run, out, input, weight, e);
}

}  // namespace

void linear_rows(const CpuRun& run, const Tensor& out, const ConcatView& x,
                 const GemmWeight& weight, bool per_tensor, const Epilogue& e) {
  const DType type = input_type(*weight.kernel);
  if (type == DType::f32) return linear_f32(run, out, x, weight, e);
  const Layout wanted = padded_rows_layout(x.shape(), type);
  if (!has_layout(x, wanted.tensor) && !per_tensor &&
      suits_linear_row_blocks(x, *weight.kernel, run.threads)) {
    return linear_row_blocks(run, out, x, weight, e);
  }
  const Reordered padded(run, x, wanted, per_tensor);
  multiply(run, out, converted_rows(padded.tensor()), weight, e);
}

void linear_over_input(const CpuRun& run, const Tensor& out, const Tensor& x,
                       const GemmWeight& weight, const Epilogue& e) {
  const DType type = input_type(*weight.kernel);
  for (size_t first = 0; first < x.rows(); first += rows_copied) {
    const int count = static_cast<int>(std::min(rows_copied, x.rows() - first));
    const Tensor block = x.slice(first, count);
    const Layout wanted = type == DType::f32 ? row_major_layout(block.shape, type)
                                             : padded_rows_layout(block.shape, type);
    const Scratch room(run.arena, wanted.bytes);
    Tensor copy = wanted.tensor;
    copy.data = room.as<std::byte>();
    if (!run.arena.measuring()) convert(run, copy, block, false);
    multiply(run, out.slice(first, count), converted_rows(copy), weight, e);
  }
}

}  // namespace yent
