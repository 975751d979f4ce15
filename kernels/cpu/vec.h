// The contract of the kernels that run along rows: norms, quantization, widening. Rows of a
// matrix are `ld` elements apart.
#pragma once

#include "kernels/cpu/leaf.h"

namespace yent {

struct Vec {
  const char* name;
  Isa isa;

  // rounds x fma_width multiply-adds that touch no memory: the most this instruction set gives.
  int fma_width;
  float (*fma_rounds)(int rounds, float x);

  // Group norm, in three walks over a few rows that stay in the cache. sums[c] = sum of x[., c].
  void (*column_sums)(float* sums, const float* x, size_t ld, int rows, int columns);
  // About centers[c]: the sum of the deviations (what the center missed) and of their squares.
  void (*column_moments)(float* deviations, float* squares, const float* x, size_t ld, int rows,
                         int columns, const float* centers);
  // out = fn((x - center[c]) * gain[c] + shift[c])
  void (*normalize)(float* out, size_t out_ld, const float* x, size_t ld, int rows, int columns,
                    const float* center, const float* gain, const float* shift, Activation fn);

  // One row; weight and bias may be null.
  void (*layer_norm)(float* out, const float* x, int columns, const float* weight,
                     const float* bias, float eps);
  void (*rms_norm)(float* out, const float* x, int columns, const float* weight, float eps);

  // max |x|, NaN where any x is NaN or infinite; and codes round_even(x / scale), of which the
  // caller has seen to it that they fit.
  float (*peak)(const float* x, int columns);
  void (*quantize)(int8_t* codes, const float* x, int columns, float scale);

  // f16 bits to f32; count is a multiple of 16.
  void (*widen)(float* out, const uint16_t* half, size_t count);
};

}  // namespace yent
