// The contract of products with weights in blocks: q8_0, 32 codes behind one f16 scale, 34 bytes;
// and the formats of block_format.h, whose codes are shorter.
#pragma once

#include "kernels/block_format.h"
#include "kernels/cpu/simd/leaf.h"

namespace yent {

// Blocks of `lanes` rows, rearranged so that the rows are the lanes of a vector: their scales,
// [k / 32][lanes] f16, filled up to whole cache lines, then their codes, [k / 4][lanes][4].
struct Q8Panel {
  int lanes = 0;       // 0: this row of the table reads blocks as they lie in the file
  int zero_point = 0;  // codes are stored higher by so much: 0, or 128 and unsigned

  size_t values_at(int k) const { return (static_cast<size_t>(k) / 32 * lanes * 2 + 63) / 64 * 64; }
  size_t bytes(int k) const { return values_at(k) + static_cast<size_t>(k) * lanes; }
};

// 32 inputs as integers of 24 bits, digit by digit: x = ((d[2] r + d[1]) r + d[0]) * scale. Sums of
// products with codes are exact; what is rounded is what floats of this size round, too.
constexpr int q8_radix = 254;  // so that digits are at most 127

struct Q8Inputs {
  int8_t digits[3][32];
  int32_t correction[3];  // - zero_point * the sum of the digits
  float scale;            // NaN where an input is not finite
  float sums[2];          // of 16 inputs each
};

// Panels of shorter codes, rows as lanes, too. First the scales, for every block [lanes] f16
// steps and, if there are leasts, their steps, then [groups][lanes] scales and so leasts; filled
// up to whole cache lines. Then the codes, for every 32 of them four words for each lane: byte b
// of word i is element 4 i + b below and element 16 + 4 i + b above. Behind these one more word
// for every further bit: of five, bit j of byte b belongs to element 4 j + b; of six, the bits
// 2 j and 2 j + 1 in byte b of word i belong to element 16 i + 4 j + b.
static constexpr size_t scales_bytes(BlockFormat f, int lanes) {
  const int groups = f.scaled ? f.elements / f.group : 0;
  return static_cast<size_t>(f.has_minimum ? 2 : 1) * (2 + groups) * lanes;
}

static constexpr size_t run_bytes(BlockFormat f, int lanes) {  // of 32 codes
  return static_cast<size_t>(f.bits) * 4 * lanes;
}

static constexpr size_t block_values_at(BlockFormat f, int lanes, int k) {
  return (k / f.elements * scales_bytes(f, lanes) + 63) / 64 * 64;
}

static constexpr size_t block_panel_bytes(BlockFormat f, int lanes, int k) {
  return block_values_at(f, lanes, k) + k / 32 * run_bytes(f, lanes);
}

// What multiplies one format.
struct GemvBlocks {
  BlockFormat format;
  // y[count][lanes], for so many panels, one after another, at 64 bytes. Inputs are staged.
  void (*multiply)(float* y, const unsigned char* panels, size_t count, int k, const void* x);
  // Blocks [first, first + count) of the rows as floats: to[i * to_step + row].
  void (*expand)(float* to, size_t to_step, const unsigned char* panel, int k, int first,
                 int count);
};
constexpr int block_formats = 5;

struct GemvQ8 {
  const char* name;
  Isa isa;
  // y[i * y_step] = row i . x, for `rows` rows of k / 32 blocks, one after another, at any address.
  void (*multiply)(float* y, size_t y_step, const unsigned char* blocks, size_t rows, int k,
                   const float* x);
  // One row as floats.
  void (*expand)(float* to, const unsigned char* blocks, int k);

  Q8Panel panel = {};
  // y[count][lanes], for so many panels, one after another, at 64 bytes. Inputs are staged.
  void (*multiply_panels)(float* y, const unsigned char* panels, size_t count, int k,
                          const void* x) = nullptr;
  // Blocks [first, first + count) of the rows as floats: to[(32 b + i) * to_step + row].
  void (*expand_panel)(float* to, size_t to_step, const unsigned char* panel, int k, int first,
                       int count) = nullptr;

  // What panels are multiplied by, for every 32 inputs so many bytes: Q8Inputs where q8_0 has
  // panels.
  int staged_bytes = 0;
  void (*stage)(void* to, const float* x, int k) = nullptr;

  int lanes = 0;
  GemvBlocks blocks[block_formats] = {};
};

}  // namespace yent
