// Random numbers that are the same everywhere: uniform draws, and normals as PyTorch draws them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>

namespace yent {

// The engines of <random> are fixed by the standard; its distributions are not, and differ
// between libraries. Hence these two.

// Uniform in [0, 1), a multiple of 2^-53. Takes one number from the generator.
inline double draw_unit(std::mt19937_64& generator) {
  return static_cast<double>(generator() >> 11) * 0x1p-53;
}

// Uniform in 0 .. count - 1. Takes one number from the generator; requires count > 0.
inline size_t draw_index(std::mt19937_64& generator, size_t count) {
  return static_cast<size_t>(draw_unit(generator) * static_cast<double>(count));
}

// Whose normal numbers a seed gives: those of torch's CPU generator or of its CUDA generator.
enum class Rng : uint8_t { cpu, cuda };

// torch.randn with one torch.Generator: the n-th call of `normal` gives what the n-th torch.randn
// of `count` float32 elements gives. Computed in double and rounded, so it agrees with torch to
// 2e-6, not bit for bit. On CUDA torch numbers the elements by GPU thread; its order when
// there are more elements than threads (some 200,000) depends on the GPU and is not imitated:
// here every element counts as a thread of its own.
// One thread at a time may use a source.
class NoiseSource {
 public:
  NoiseSource(uint64_t seed, Rng kind);

  // Fills out[0 .. count - 1], in the order of the flattened tensor.
  void normal(float* out, size_t count);

 private:
  void normal_cpu(float* out, size_t count);
  void normal_cuda(float* out, size_t count);

  Rng kind_;
  uint64_t seed_;
  std::mt19937 twister_;         // cpu
  std::optional<double> spare_;  // cpu: left by a short call of odd length for the next one
  uint64_t calls_ = 0;           // cuda: calls so far, the low half of Philox's counter
};

}  // namespace yent
