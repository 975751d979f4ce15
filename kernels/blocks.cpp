#include "kernels/blocks.h"

#include <cstring>

#include "kernels/half.h"

namespace yent {
namespace {

int byte_at(const std::byte* at, int i) { return static_cast<int>(at[i]); }

// 16 low nibbles, then 16 high ones. In q5_0, bit i of the word before them is the fifth bit of
// element i.
void read_nibbles(DType type, const std::byte* block, QuantBlock& to) {
  uint32_t high = 0;
  if (type == DType::q5_0) std::memcpy(&high, block + 2, sizeof high);
  const std::byte* nibbles = block + (type == DType::q5_0 ? 6 : 2);
  for (int i = 0; i < 32; ++i) {
    const int low = byte_at(nibbles, i % 16) >> i / 16 * 4 & 15;
    to.values[i] = static_cast<uint8_t>(low | (high >> i & 1) << 4);
  }
  std::memcpy(&to.step, block, 2);
  to.scales[0] = 1;
}

// Eight scales and eight minima of 6 bits each in 12 bytes. In Q5_K, bit j of byte l before the
// nibbles is the fifth bit of element 32 j + l.
void read_k_nibbles(DType type, const std::byte* block, QuantBlock& to) {
  std::memcpy(&to.step, block, 2);
  std::memcpy(&to.minimum_step, block + 2, 2);
  const std::byte *packed = block + 4, *high = block + 16;
  const std::byte* nibbles = high + (type == DType::q5_k ? 32 : 0);
  for (int j = 0; j < 8; ++j) {
    const int a = byte_at(packed, j), b = byte_at(packed, j < 4 ? j + 4 : j - 4);
    const int four = j < 4 ? 0 : byte_at(packed, j + 4);
    to.scales[j] = static_cast<int8_t>(j < 4 ? a & 63 : (four & 15) | b >> 6 << 4);
    to.minimum[j] = static_cast<int8_t>(j < 4 ? b & 63 : four >> 4 | a >> 6 << 4);
    for (int l = 0; l < 32; ++l) {
      int value = byte_at(nibbles, 32 * (j / 2) + l) >> 4 * (j % 2) & 15;
      if (type == DType::q5_k) value |= (byte_at(high, l) >> j & 1) << 4;
      to.values[32 * j + l] = static_cast<uint8_t>(value);
    }
  }
}

void read_q6_k(const std::byte* block, QuantBlock& to) {
  const std::byte *low = block, *high = block + 128;
  for (int i = 0; i < 256; ++i) {
    const int half = i / 128, quarter = i % 128 / 32;  // a quarter is 32 elements
    const int four = byte_at(low, 64 * half + i % 64) >> 4 * (quarter / 2) & 15;
    const int two = byte_at(high, 32 * half + i % 32) >> 2 * quarter & 3;
    to.values[i] = static_cast<uint8_t>(four | two << 4);
  }
  std::memcpy(to.scales, block + 192, 16);
  std::memcpy(&to.step, block + 208, 2);
}

}  // namespace

void read_block(DType type, const std::byte* block, QuantBlock& to) {
  if (type == DType::q6_k) return read_q6_k(block, to);
  if (block_format(type).elements == 32) return read_nibbles(type, block, to);
  read_k_nibbles(type, block, to);
}

void blocks_to_f32(DType type, const std::byte* blocks, size_t count, float* to) {
  const BlockFormat f = block_format(type);
  QuantBlock b;
  for (; count > 0; count -= f.elements, blocks += block_bytes(type), to += f.elements) {
    read_block(type, blocks, b);
    const float step = f16_to_f32(b.step), minimum_step = f16_to_f32(b.minimum_step);
    for (int i = 0; i < f.elements; ++i) {
      const int g = i / f.group;
      const float scale = f.scaled ? step * static_cast<float>(b.scales[g]) : step;
      const float value = scale * static_cast<float>(b.values[i] - center(f));
      to[i] = f.has_minimum ? value - minimum_step * static_cast<float>(b.minimum[g]) : value;
    }
  }
}

}  // namespace yent
