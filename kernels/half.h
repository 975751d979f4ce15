// Conversions of f16 and bf16 in plain C++, exact for every bit pattern. Kernels have faster ones.
#pragma once

#include <bit>
#include <cstdint>

namespace yent {

// condition ? a : b, by a mask: for a plain ?: GCC makes a branch around the float operation and
// then vectorizes no loop that converts.
inline uint32_t choose(bool condition, uint32_t a, uint32_t b) {
  const uint32_t mask = 0u - static_cast<uint32_t>(condition);
  return (a & mask) | (b & ~mask);
}

// IEEE binary16, subnormals, infinities and NaN included. No f32 subnormal ever occurs on the way,
// so the result does not depend on the flush-to-zero modes.
inline float f16_to_f32(uint16_t h) {
  const uint32_t sign = static_cast<uint32_t>(h & 0x8000) << 16;
  const uint32_t magnitude = h & 0x7fff;
  const float subnormal = static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f;
  const uint32_t special = choose(magnitude >= 0x7c00, 0x7f800000, 0);
  const uint32_t normal = ((magnitude << 13) + 0x38000000) | special;
  const uint32_t bits = choose(magnitude < 0x400, std::bit_cast<uint32_t>(subnormal), normal);
  return std::bit_cast<float>(bits | sign);
}

// Round to nearest even; too large becomes infinity, NaN stays NaN.
inline uint16_t f32_to_f16(float f) {
  const uint32_t bits = std::bit_cast<uint32_t>(f);
  const uint32_t magnitude = bits & 0x7fffffff;
  // Subnormal: adding 0.5 lets the FPU round at 2^-24.
  const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
  const uint32_t subnormal = std::bit_cast<uint32_t>(shifted) - 0x3f000000;
  const uint32_t normal = (magnitude + 0xfff + (magnitude >> 13 & 1) - 0x38000000) >> 13;
  uint32_t half = choose(magnitude < 0x38800000, subnormal, normal);
  half = choose(magnitude >= 0x477ff000, 0x7c00, half);  // 65520 and above round to infinity
  half = choose(magnitude > 0x7f800000, 0x7e00, half);
  return static_cast<uint16_t>(half | (bits >> 16 & 0x8000));
}

inline float bf16_to_f32(uint16_t h) {
  return std::bit_cast<float>(static_cast<uint32_t>(h) << 16);
}

// Round to nearest even; NaN stays NaN.
inline uint16_t f32_to_bf16(float f) {
  const uint32_t bits = std::bit_cast<uint32_t>(f);
  if ((bits & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>(bits >> 16 | 0x40);
  return static_cast<uint16_t>((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace yent
