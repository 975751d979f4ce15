// The contract of products with q8_0 weights: blocks of 32 codes behind one f16 scale, 34 bytes.
#pragma once

#include "kernels/cpu/leaf.h"

namespace yent {

// Blocks of `lanes` rows, rearranged so that the rows are the lanes of a vector: their scales,
// [k / 32][lanes] f16, filled up to whole cache lines, then their codes, [k / 4][lanes][4].
struct Q8Panel {
  int lanes = 0;        // 0: this row of the table reads blocks as they lie in the file
  int code_offset = 0;  // codes are stored higher by so much: 0, or 128 and unsigned

  size_t codes_at(int k) const { return (static_cast<size_t>(k) / 32 * lanes * 2 + 63) / 64 * 64; }
  size_t bytes(int k) const { return codes_at(k) + static_cast<size_t>(k) * lanes; }
};

// 32 inputs as integers of 24 bits, digit by digit: x = ((d[2] r + d[1]) r + d[0]) * scale. Sums of
// products with codes are exact; what is rounded is what floats of this size round, too.
constexpr int q8_radix = 254;  // so that digits are at most 127

struct Q8Inputs {
  int8_t digits[3][32];
  int32_t correction[3];  // - code_offset * the sum of the digits
  float scale;            // NaN where an input is not finite
};

struct GemvQ8 {
  const char* name;
  Isa isa;
  // y[i * y_step] = row i . x, for `rows` rows of k / 32 blocks, one after another, at any address.
  void (*multiply)(float* y, size_t y_step, const unsigned char* blocks, size_t rows, int k,
                   const float* x);
  // One row as floats.
  void (*expand)(float* to, const unsigned char* blocks, int k);

  Q8Panel panel = {};
  void (*stage)(Q8Inputs* to, const float* x, int k) = nullptr;
  // y[count][lanes], for so many panels, one after another, at 64 bytes.
  void (*multiply_panels)(float* y, const unsigned char* panels, size_t count, int k,
                          const Q8Inputs* x) = nullptr;
  // Blocks [first, first + count) of the rows as floats: to[(32 b + i) * to_step + row].
  void (*expand_panel)(float* to, size_t to_step, const unsigned char* panel, int k, int first,
                       int count) = nullptr;
};

}  // namespace yent
