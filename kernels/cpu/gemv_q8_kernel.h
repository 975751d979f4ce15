// gemv_q8.h, written once over simd.h.
#pragma once

#include "kernels/cpu/gemv_q8.h"
#include "kernels/cpu/simd.h"

namespace yent {
namespace {

constexpr int block_codes = 32, block_size = 34;

inline V block_scale(const unsigned char* block) {
  uint16_t bits[W];
  uint16_t first;
  __builtin_memcpy(&first, block, sizeof first);
  for (int i = 0; i < W; ++i) bits[i] = first;
  return load_f16(bits);
}

inline const int8_t* codes(const unsigned char* block) {
  return reinterpret_cast<const int8_t*>(block + 2);
}

// R rows at once share the reads of x and keep R chains of additions in flight.
template <int R>
void multiply_rows(float* y, size_t y_step, const unsigned char* blocks, int k, const float* x) {
  const size_t row_bytes = static_cast<size_t>(k / block_codes) * block_size;
  V total[R];
  for (int r = 0; r < R; ++r) total[r] = zero();
  for (int p = 0; p < k; p += block_codes, blocks += block_size) {
    for (int r = 0; r < R; ++r) {
      const unsigned char* block = blocks + r * row_bytes;
      V part = zero();
      for (int i = 0; i < block_codes; i += W) {
        part = fma(load_i8(codes(block) + i), load(x + p + i), part);
      }
      total[r] = fma(block_scale(block), part, total[r]);
    }
  }
  for (int r = 0; r < R; ++r) y[r * y_step] = sum(total[r]);
}

inline void multiply_q8(float* y, size_t y_step, const unsigned char* blocks, size_t rows, int k,
                        const float* x) {
  const size_t row_bytes = static_cast<size_t>(k / block_codes) * block_size;
  size_t row = 0;
  for (; row + 4 <= rows; row += 4) {
    multiply_rows<4>(y + row * y_step, y_step, blocks + row * row_bytes, k, x);
  }
  for (; row < rows; ++row) {
    multiply_rows<1>(y + row * y_step, y_step, blocks + row * row_bytes, k, x);
  }
}

inline void expand_q8(float* to, const unsigned char* blocks, int k) {
  for (int p = 0; p < k; p += block_codes, blocks += block_size) {
    const V scale = block_scale(blocks);
    for (int i = 0; i < block_codes; i += W) {
      store(to + p + i, mul(load_i8(codes(blocks) + i), scale));
    }
  }
}

constexpr GemvQ8 gemv_q8(const char* name, Isa isa) { return {name, isa, multiply_q8, expand_q8}; }

}  // namespace
}  // namespace yent
