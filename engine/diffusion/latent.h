// A picture on its way, on the host.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/tensor.h"

namespace yent {

// [channels, height, width], f32.
struct Latent {
  int channels = 0, height = 0, width = 0;
  std::vector<float> values = {};

  Shape shape() const { return {1, height, width, channels}; }
  std::vector<int64_t> dims() const { return {1, channels, height, width}; }
};

}  // namespace yent
