// The forms in which the CPU keeps activations, and the way from one to another.
//
//   rows    {n, h, w, c} of f32 or bf16
//   lines   of bf16 or codes for a linear: a row begins on a cache line and is filled up with
//           zeros to the next; codes are followed by what a code of each row is worth
//   image   the same for a convolution, with a border of zero pixels, so that a window never
//           leaves it; codes are followed by what a code of each image is worth
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/rowwise/row_kernels.h"

namespace yent {

Element element(DType dtype);  // of f32, bf16 or i8

// What a layer multiplies that does so in less than floats.
constexpr DType operand(Precision precision) {
  return precision == Precision::int8 ? DType::i8 : DType::bf16;
}

// `type` is what the reader computes with.
Layout row_major_layout(Shape shape, DType type);
Layout padded_rows_layout(Shape shape, DType type);
Layout padded_image_layout(Shape shape, DType type);

// Row r = (image * h + y) * w + x of any form.
std::byte* row_at(const Tensor& t, size_t row);
// Asks for a row that will be wanted soon: left to itself, a core keeps too few lines on their way.
void fetch_row(const Tensor& t, size_t row);
// Of codes: one a row, or one an image where there is a border.
float* quant_scales(const Tensor& t);
// What a code is worth where the greatest magnitude is `peak`. NaN where that is not finite:
// the codes are zeros then, and the scale says so.
float quant_scale(float absmax);

// For who writes a form: zeros around an image; zeros behind the first `columns` of a row; and a
// whole row of codes, with its own scale, from floats whose greatest magnitude is `peak`.
void clear_border(int threads, const Tensor& t);
void fill_up(const Tensor& t, size_t row, int columns);
void store_row(const RowKernels& row_kernels, const Tensor& t, size_t row, const float* values,
               float absmax);

// Writes x into `to`, whatever the forms of both.
void convert(int threads, const RowKernels& row_kernels, const Tensor& to, const ConcatView& x,
             bool per_tensor);

// Rows [begin, end) of x, each with a scale of its own where `to` holds codes.
void convert_rows(const RowKernels& row_kernels, const Tensor& to, const ConcatView& x,
                  size_t begin, size_t end);
// Whether x lies as `wanted` says.
bool has_layout(const ConcatView& x, const Tensor& wanted);

// x in the form wanted: x itself where it has it already, a copy in scratch where not.
class Reordered {
 public:
  Reordered(Arena& arena, int threads, const RowKernels& row_kernels, const ConcatView& x,
            const Layout& wanted, bool per_tensor = false);
  const Tensor& tensor() const { return tensor_; }

 private:
  Scratch room_;
  Tensor tensor_;
};

}  // namespace yent
