#include "engine/core/random.h"

#include <array>
#include <cmath>
#include <numbers>

#include "kernels/portable_math.h"

namespace yent {

namespace {

constexpr double two_pi = 2 * std::numbers::pi;

// Below this many numbers torch draws pair by pair; from here on, block by block.
constexpr size_t block = 16;

// at::uniform_real_distribution<double>: the low 53 bits of two draws, the first one high.
double unit_from_two(std::mt19937& twister) {
  const uint64_t high = twister();
  const uint64_t bits = high << 32 | twister();
  return static_cast<double>(bits & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
}

// at::uniform_real_distribution<float>.
double unit_from_one(std::mt19937& twister) {
  return static_cast<double>(twister() & 0xFFFFFF) * 0x1p-24;
}

// Box-Muller on 16 uniforms in place: the first eight give the lengths, the others the angles.
void normal_block(float* values) {
  for (size_t j = 0; j < block / 2; ++j) {
    const double length = std::sqrt(-2 * portable::log(1 - static_cast<double>(values[j])));
    const double angle = two_pi * static_cast<double>(values[j + block / 2]);
    values[j] = static_cast<float>(length * portable::cos(angle));
    values[j + block / 2] = static_cast<float>(length * portable::sin(angle));
  }
}

// Philox4x32-10 (Salmon 2011): one block of a counter-based generator.
std::array<uint32_t, 4> philox(std::array<uint32_t, 4> counter, std::array<uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * counter[0];
    const uint64_t b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

uint32_t low(uint64_t value) { return static_cast<uint32_t>(value); }
uint32_t high(uint64_t value) { return static_cast<uint32_t>(value >> 32); }

}  // namespace

NoiseSource::NoiseSource(uint64_t seed, Rng kind) : kind_(kind), seed_(seed), twister_(low(seed)) {}

void NoiseSource::normal(float* out, size_t count) {
  if (kind_ == Rng::cpu) {
    normal_cpu(out, count);
  } else {
    normal_cuda(out, count);
  }
}

void NoiseSource::normal_cpu(float* out, size_t count) {
  if (count < block) {
    for (size_t i = 0; i < count; ++i) {
      if (spare_) {
        out[i] = static_cast<float>(*spare_);
        spare_.reset();
        continue;
      }
      const double angle = two_pi * unit_from_two(twister_);
      const double length = std::sqrt(-2 * portable::log(1 - unit_from_two(twister_)));
      out[i] = static_cast<float>(length * portable::cos(angle));
      spare_ = length * portable::sin(angle);
    }
    return;
  }
  for (size_t i = 0; i < count; ++i) out[i] = static_cast<float>(unit_from_one(twister_));
  for (size_t i = 0; i + block <= count; i += block) normal_block(out + i);
  if (count % block != 0) {  // the last block overlaps its neighbour and is drawn afresh
    float* last = out + count - block;
    for (size_t i = 0; i < block; ++i) last[i] = static_cast<float>(unit_from_one(twister_));
    normal_block(last);
  }
}

void NoiseSource::normal_cuda(float* out, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const auto words =
        philox({low(calls_), high(calls_), low(i), high(i)}, {low(seed_), high(seed_)});
    const double length = std::sqrt(-2 * portable::log(words[0] * 0x1p-32 + 0x1p-33));
    out[i] = static_cast<float>(length * portable::sin(two_pi * (words[1] * 0x1p-32 + 0x1p-33)));
  }
  if (count > 0) ++calls_;
}

}  // namespace yent
