// The layouts in which the CPU keeps activations, and the conversion of one into another.
//
// clang-format off
//   row major      {n, h, w, c} of f32 or bf16
//   padded rows    bf16 or int8, the input of a linear: each row begins on a cache line and is
//                  padded with zeros to the next. Behind the last int8 row follow the scales, one
//                  f32 per row.
//   padded image   bf16 or int8, the input of a convolution: padded rows with a border of one zero
//                  pixel, so that a 3x3 window never leaves the memory. Behind the last int8 image
//                  follow the scales, one f32 per image.
// clang-format on
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/rowwise/row_kernels.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

Element element(DType dtype);  // of f32, bf16 or i8

// The type that a layer of this precision multiplies, below f32 and f16.
constexpr DType operand(Precision precision) {
  return precision == Precision::int8 ? DType::i8 : DType::bf16;
}

// `type` is what the consumer computes with.
Layout row_major_layout(Shape shape, DType type);
Layout padded_rows_layout(Shape shape, DType type);
Layout padded_image_layout(Shape shape, DType type);

// Whether x has the layout of `wanted`.
bool has_layout(const ConcatView& x, const Tensor& wanted);

// Row r = (image * h + y) * w + x of any layout.
std::byte* row_at(const Tensor& t, size_t row);
// Prefetches a row, for a loop that reads it two rows later: the hardware prefetcher alone keeps
// too few cache lines in flight.
void prefetch_row(const Tensor& t, size_t row);

// The scales of an int8 tensor: one per row, or one per image where it has a border.
float* quant_scales(const Tensor& t);
// The scale of values whose greatest magnitude is `absmax`. NaN where that is not finite: the
// quantized values are zeros then, and the scale shows it.
float quant_scale(float absmax);

// For code that writes a layout itself, row by row.
void clear_border(int threads, const Tensor& t);         // zeros around every image
void pad_row(const Tensor& t, size_t row, int columns);  // zeros behind `columns`
void quantize_row(const RowKernels& row_kernels, const Tensor& t, size_t row, const float* values,
                  float absmax);  // a padded int8 row and its scale

// Writes x into `to`, whatever the layouts of both. `per_tensor`: one scale for all rows or images.
void convert(const CpuRun& run, const Tensor& to, const ConcatView& x, bool per_tensor);
// Rows [begin, end) of x alone, on this thread, each with a scale of its own where `to` is int8.
void convert_rows(const RowKernels& row_kernels, const Tensor& to, const ConcatView& x,
                  size_t begin, size_t end);

// x in the layout wanted: x itself where it has it already, else a copy in scratch.
class Reordered {
 public:
  Reordered(const CpuRun& run, const ConcatView& x, const Layout& wanted, bool per_tensor = false);
  const Tensor& tensor() const { return tensor_; }

 private:
  Scratch room_;
  Tensor tensor_;
};

}  // namespace yent
