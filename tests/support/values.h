// Numbers for tests, and as a checkpoint holds them.
#pragma once

#include <random>
#include <string>
#include <utility>
#include <vector>

#include "kernels/tensor.h"

namespace yent {

inline std::vector<float> normals(size_t count, unsigned seed, float mean = 0) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(mean);
  std::vector<float> values(count);
  for (float& v : values) v = normal(generator);
  return values;
}

inline HostTensor host(const std::vector<float>& values, std::vector<int64_t> dims,
                       std::string name = "w") {
  return {std::move(name), DType::f32, std::move(dims),
          reinterpret_cast<const std::byte*>(values.data()), values.size() * sizeof(float)};
}

}  // namespace yent
