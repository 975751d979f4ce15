// The contract of the kernels that run along rows: norms, quantization, widening. Rows of a matrix
// are `ld` elements apart. Inputs are f32 or bf16; outputs may be int8, too.
#pragma once

#include "kernels/cpu/simd/leaf.h"

namespace yent {

struct RowKernels {
  const char* name = nullptr;
  Isa isa = Isa::ref;

  // Group norm, in two passes. For every column: the sum of the deviations from its center, the sum
  // of their squares, and the least and the greatest value.
  void (*column_moments)(float* deviations, float* squares, float* minimum, float* maximum,
                         const void* x, Element type, size_t ld, int rows, int columns,
                         const float* centers) = nullptr;
  // out = fn((x - center[c]) * gain[c] + shift[c]); int8 outputs are multiplied by `inverse_scale`
  // and rounded.
  void (*normalize)(void* out, Element out_type, size_t out_ld, float inverse_scale, const void* x,
                    Element type, size_t ld, int rows, int columns, const float* center,
                    const float* gain, const float* shift, Fn fn) = nullptr;

  // One row; weight and bias may be null. layer_norm writes f32 or bf16 and returns the greatest
  // magnitude it wrote, NaN where one is not finite.
  float (*layer_norm)(void* out, Element out_type, const void* x, Element type, int columns,
                      const float* weight, const float* bias, float eps) = nullptr;
  void (*rms_norm)(float* out, const float* x, int columns, const float* weight,
                   float eps) = nullptr;

  // max |x|, NaN where any x is NaN or infinite.
  float (*absmax)(const void* x, Element type, int columns) = nullptr;
  // out = x in another type. int8 is round_even(x * inverse_scale); the caller has made sure that
  // it fits.
  void (*convert)(void* out, Element out_type, float inverse_scale, const void* x, Element type,
                  int columns) = nullptr;

  // f16 bits to f32; count is a multiple of 16.
  void (*widen)(float* out, const uint16_t* half, size_t count) = nullptr;
  // Rotates the pairs (i, i + pairs) of x or, interleaved, (2i, 2i + 1), i < pairs.
  void (*rotate)(float* x, const float* cosines, const float* sines, int pairs,
                 bool interleaved) = nullptr;
};

}  // namespace yent
