// The contract of the gemv path: products of a row of inputs with weights that stay quantized in
// blocks. q8_0: 32 int8 values behind one f16 scale, 34 bytes; and the formats of block_format.h,
// whose values are shorter.
#pragma once

#include "kernels/block_format.h"
#include "kernels/cpu/simd/leaf.h"
#include "kernels/integers.h"

namespace yent {

// q8_0 blocks of `lanes` rows, rearranged so that the rows are the lanes of a vector: their scales,
// [k / 32][lanes] f16, padded to whole cache lines, then their values, [k / 4][lanes][4].
struct Q8Panel {
  int lanes = 0;       // 0: this kernel reads blocks as they lie in the file
  int zero_point = 0;  // is added to the stored values: 0, or 128, which makes them unsigned

  size_t values_at(int k) const { return round_up(static_cast<size_t>(k) / 32 * lanes * 2, 64); }
  size_t bytes(int k) const { return values_at(k) + static_cast<size_t>(k) * lanes; }
};

// 32 inputs as integers of 24 bits, digit by digit: x = ((d[2] r + d[1]) r + d[0]) * scale. Sums of
// products with int8 values are exact; the rounding of the inputs is that of f32 of this size.
constexpr int q8_radix = 254;  // so that digits are at most 127

struct Q8Inputs {
  int8_t digits[3][32];
  int32_t correction[3];  // - zero_point * the sum of the digits
  float scale;            // NaN where an input is not finite
  float sums[2];          // of 16 inputs each
};

// 32 inputs as integers of 16 bits, x = value * scale, to 15 bits of the greatest. Of every four,
// the second and third have changed places.
struct PairInputs {
  int16_t values[32];
  int32_t correction;  // - 128 * their sum
  float scale;         // NaN where an input is not finite
  float sums[2];       // of 16 inputs each, as they were rounded
};

// Panels of the formats of block_format.h, rows as lanes, too. First the scales: for every block
// [lanes] f16 steps (and, if the format has minima, [lanes] steps of theirs), then [groups][lanes]
// int8 scales (and as many minima); padded to whole cache lines. Then the values, for every 32 of
// them four words of 32 bits for each lane: byte b of word i holds element 4 i + b in its lower
// half and element 16 + 4 i + b in its upper half. Behind these, one more word for every further
// bit: of five bits, bit j of byte b belongs to element 4 j + b; of six, bits 2 j and 2 j + 1 of
// byte b of word i belong to element 16 i + 4 j + b.
static constexpr size_t scales_bytes(BlockFormat f, int lanes) {
  const int groups = f.scaled ? f.elements / f.group : 0;
  return static_cast<size_t>(f.has_minimum ? 2 : 1) * (2 + groups) * lanes;
}

static constexpr size_t run_bytes(BlockFormat f, int lanes) {  // of 32 values
  return static_cast<size_t>(f.bits) * 4 * lanes;
}

static constexpr size_t block_values_at(BlockFormat f, int lanes, int k) {
  return round_up(k / f.elements * scales_bytes(f, lanes), 64);
}

static constexpr size_t block_panel_bytes(BlockFormat f, int lanes, int k) {
  return block_values_at(f, lanes, k) + k / 32 * run_bytes(f, lanes);
}

// The kernels of one block format.
struct GemvBlocks {
  BlockFormat format = {};
  // y[count][lanes] for `count` consecutive panels, 64-byte aligned. x is packed.
  void (*multiply)(float* y, const unsigned char* panels, size_t count, int k,
                   const void* x) = nullptr;
  // Blocks [first, first + count) of the rows as f32: to[i * to_step + row].
  void (*expand)(float* to, size_t to_step, const unsigned char* panel, int k, int first,
                 int count) = nullptr;
};
constexpr int block_formats = 5;

struct GemvQ8 {
  const char* name = nullptr;
  Isa isa = Isa::ref;

  // q8_0 as it lies in the file. y[i * y_step] = row i . x, for `rows` consecutive rows of k / 32
  // blocks, at any address. x is f32.
  void (*multiply)(float* y, size_t y_step, const unsigned char* blocks, size_t rows, int k,
                   const float* x) = nullptr;
  // One row as f32.
  void (*expand)(float* to, const unsigned char* blocks, int k) = nullptr;

  // q8_0 in panels, where panel.lanes is not 0.
  Q8Panel panel = {};
  // y[count][lanes] for `count` consecutive panels, 64-byte aligned. x is packed.
  void (*multiply_panels)(float* y, const unsigned char* panels, size_t count, int k,
                          const void* x) = nullptr;
  // Blocks [first, first + count) of the rows as f32: to[(32 b + i) * to_step + row].
  void (*expand_panel)(float* to, size_t to_step, const unsigned char* panel, int k, int first,
                       int count) = nullptr;

  // Packs a row of inputs for panels of either kind: where they are multiplied as integers,
  // Q8Inputs or PairInputs.
  void (*pack_input)(void* to, const float* x, int k) = nullptr;
  int packed_input_bytes = 0;  // for every 32 inputs

  // Block formats; all kernels have them.
  int lanes = 0;
  GemvBlocks blocks[block_formats] = {};
};

}  // namespace yent
