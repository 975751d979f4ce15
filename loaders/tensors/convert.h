// Conversion between the element types of files and f32. Functions keep no state: any thread may
// call them.
//
// The quantized types are GGUF's. A block holds 32 or 256 consecutive elements of one row, with its
// scales; decoding agrees bit for bit with the `gguf` Python package. Only the float
// arrays must be aligned.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/tensor.h"

namespace yent {

// All elements of the tensor, in its own order. `out` holds count() floats. Integers are
// converted by value, booleans to 0 and 1; f64 is rounded; 8-bit floats are multiplied by the
// tensor's scale.
void to_f32(const HostTensor& tensor, float* out);

// Rows [begin, begin + rows), a row being one slice of the outermost dim: a row of a matrix,
// a filter of a convolution. `out` holds rows * count() / dims[0] floats. A row must be a
// whole number of blocks.
void to_f32(const HostTensor& tensor, int64_t begin, int64_t rows, float* out);

// Plain arrays. Rounding is to nearest even; values that are too large become
// infinity.
void f16_to_f32(const std::byte* in, int64_t count, float* out);
void bf16_to_f32(const std::byte* in, int64_t count, float* out);
void f32_to_f16(const float* in, int64_t count, std::byte* out);
void f32_to_bf16(const float* in, int64_t count, std::byte* out);

// Quantizes to blocks of 32 (count must be a multiple): scale = max|x| / 127, or 1 for a
// block of zeros; q = round_half_to_even(x / scale) with the scale before its rounding to
// f16. `out` holds count / 32 * 34 bytes. (ggml multiplies by 1 / scale and rounds halves
// away from zero, so that a few values of its files differ by one step.)
void quantize_q8_0(const float* in, int64_t count, std::byte* out);

// Likewise to 4 bits: scale = x / -8 of the x of largest magnitude, which so becomes exactly 0, and
// 0 for a block of zeros; n = round_half_to_even(x / scale) + 8, at most 15. `out` holds count / 32
// * 18 bytes. (ggml rounds halves up.)
void quantize_q4_0(const float* in, int64_t count, std::byte* out);

}  // namespace yent
