// gemv_q8.h, written once over simd.h.
#pragma once

#include "kernels/cpu/gemv/gemv_blocks_kernel.h"

namespace yent {
namespace {

constexpr int block_values = 32, block_size = 34;
constexpr int prefetch_distance = 8192;  // in bytes

inline V block_scale(const unsigned char* block) {
  uint16_t bits[W];
  uint16_t first;
  __builtin_memcpy(&first, block, sizeof first);
  for (int i = 0; i < W; ++i) bits[i] = first;
  return load_f16(bits);
}

inline const int8_t* quantized(const unsigned char* block) {
  return reinterpret_cast<const int8_t*>(block + 2);
}

// R rows at once share the reads of x and keep R chains of additions in flight.
template <int R>
void multiply_rows(float* y, size_t y_step, const unsigned char* blocks, int k, const float* x) {
  const int count = k / block_values;
  const size_t row_bytes = static_cast<size_t>(count) * block_size;
  const unsigned char* prefetch = blocks + prefetched;
  V total[R];
  for (int r = 0; r < R; ++r) total[r] = zero();
  for (int first = 0; first < count; first += W) {
    const int n = count - first < W ? count - first : W;
    float scales[R][W];
    for (int r = 0; r < R; ++r) {
      store(scales[r], load_f16_apart(blocks + r * row_bytes, block_size, n));
    }
    for (int b = 0; b < n; ++b, blocks += block_size, x += block_values) {
      // Rows follow one another, so one stream of prefetches covers all; the hardware does not
      // follow R streams by itself.
      for (int line = 0; line < R * block_size; line += 64) __builtin_prefetch(prefetch + line);
      prefetch += R * block_size;
      V part[R];
#pragma GCC unroll 16
      for (int i = 0; i < block_values; i += W) {
        const V inputs = load(x + i);
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
          const V weights = load_i8(quantized(blocks + r * row_bytes) + i);
          part[r] = i == 0 ? mul(weights, inputs) : fma(weights, inputs, part[r]);
        }
      }
#pragma GCC unroll 4
      for (int r = 0; r < R; ++r) total[r] = fma(set1(scales[r][b]), part[r], total[r]);
    }
  }
  for (int r = 0; r < R; ++r) y[r * y_step] = sum(total[r]);
}

inline void multiply_q8(float* y, size_t y_step, const unsigned char* blocks, size_t rows, int k,
                        const float* x) {
  const size_t row_bytes = static_cast<size_t>(k / block_values) * block_size;
  size_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    multiply_rows<4>(y + row * y_step, y_step, blocks + row * row_bytes, k, x);
  }
  for (; row < rows; ++row) {
    multiply_rows<1>(y + row * y_step, y_step, blocks + row * row_bytes, k, x);
  }
}

inline void expand_q8(float* to, const unsigned char* blocks, int k) {
  for (int p = 0; p < k; p += block_values, blocks += block_size) {
    const V scale = block_scale(blocks);
    for (int i = 0; i < block_values; i += W) {
      store(to + p + i, mul(load_i8(quantized(blocks) + i), scale));
    }
  }
}

constexpr GemvQ8 gemv_q8(const char* name, Isa isa) {
  return {.name = name,
          .isa = isa,
          .multiply = multiply_q8,
          .expand = expand_q8,
          .pack_input = pack_float_inputs,
          .packed_input_bytes = sizeof(FloatInputs),
          .lanes = W,
          .blocks = {in_floats<q4_0_format>, in_floats<q5_0_format>, in_floats<q4_k_format>,
                     in_floats<q5_k_format>, in_floats<q6_k_format>}};
}

}  // namespace
}  // namespace yent
