// For tests of ops: random numbers, and weights of them as a checkpoint holds them.
#pragma once

#include <cstddef>
#include <limits>
#include <random>
#include <vector>

#include "kernels/backend.h"

namespace yent::test {

constexpr float eps = std::numeric_limits<float>::epsilon();

constexpr Precision precisions[] = {Precision::f32, Precision::f16, Precision::bf16,
                                    Precision::int8};

// One seeded generator for all tests of ops.
std::mt19937& random();
float uniform(float low = -1, float high = 1);
int below(int n);

// A host tensor that owns its bytes: floats up to `size`, or what they are made into.
struct Host {
  std::vector<float> values;
  std::vector<std::byte> blocks = {};
  HostTensor tensor;

  explicit Host(std::vector<int64_t> dims, float size = 1);
  Host(const Host&) = delete;

  // Random blocks at an odd address, as a file may have them.
  void make_q8();
  // f16 or bf16.
  void make_16(DType dtype);
};

// `bias` may be null; else all parts share it.
LinearSource source_of(const std::vector<Host*>& weights, Host* bias, bool paired);

}  // namespace yent::test
