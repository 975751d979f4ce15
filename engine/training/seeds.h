// Seeds from seeds: what is random in a step depends on the run's seed and the step alone, so that
// a resumed run needs no state of a generator.
#pragma once

#include <cstdint>

namespace yent::training {

// The finalizer of SplitMix64 (Steele, Lea and Flood, 2014) on a combination of both numbers.
constexpr uint64_t mix(uint64_t seed, uint64_t number) {
  uint64_t x = seed + (number + 1) * 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

}  // namespace yent::training
