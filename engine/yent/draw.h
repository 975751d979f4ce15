// Uniform draws that are the same everywhere. The engines of <random> are fixed by the standard;
// its distributions are not, and differ between libraries.
#pragma once

#include <cstddef>
#include <random>

namespace yent {

// Uniform in [0, 1), a multiple of 2^-53. Takes one number from the generator.
inline double draw_unit(std::mt19937_64& generator) {
  return static_cast<double>(generator() >> 11) * 0x1p-53;
}

// Uniform in 0 .. count - 1. Takes one number from the generator; requires count > 0.
inline size_t draw_index(std::mt19937_64& generator, size_t count) {
  return static_cast<size_t>(draw_unit(generator) * static_cast<double>(count));
}

}  // namespace yent
