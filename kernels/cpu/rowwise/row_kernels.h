// The contract of the kernels that run along rows: norms, quantization, widening. Rows of a
// matrix are `ld` elements apart. Inputs are f32 or bf16, outputs may be codes, too.
#pragma once

#include "kernels/cpu/simd/leaf.h"

namespace yent {

struct RowKernels {
  const char* name;
  Isa isa;

  // rounds x fma_width multiply-adds that touch no memory: the most this instruction set gives.
  int fma_width;
  float (*fma_rounds)(int rounds, float x);

  // Group norm, in two walks. Of every column about its center: the sum of the deviations, of
  // their squares, and the least and the greatest value.
  void (*column_moments)(float* deviations, float* squares, float* minimum, float* maximum,
                         const void* x, Element type, size_t ld, int rows, int columns,
                         const float* centers);
  // out = fn((x - center[c]) * gain[c] + shift[c]), of codes times `inverse_scale`.
  void (*normalize)(void* out, Element out_type, size_t out_ld, float inverse_scale, const void* x,
                    Element type, size_t ld, int rows, int columns, const float* center,
                    const float* gain, const float* shift, Fn fn);

  // One row; weight and bias may be null. The first gives no codes, but the greatest magnitude it
  // wrote, NaN where that is not finite.
  float (*layer_norm)(void* out, Element out_type, const void* x, Element type, int columns,
                      const float* weight, const float* bias, float eps);
  void (*rms_norm)(float* out, const float* x, int columns, const float* weight, float eps);

  // max |x|, NaN where any x is NaN or infinite.
  float (*absmax)(const void* x, Element type, int columns);
  // out = x in another type; codes are round_even(x * inverse_scale), of which the caller has
  // seen to it that they fit.
  void (*convert)(void* out, Element out_type, float inverse_scale, const void* x, Element type,
                  int columns);

  // f16 bits to f32; count is a multiple of 16.
  void (*widen)(float* out, const uint16_t* half, size_t count);
};

}  // namespace yent
