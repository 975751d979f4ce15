// Between our channels-last memory and PyTorch's order.
#pragma once

#include <vector>

#include "kernels/tensor.h"

namespace yent {

// {n, h, w, c} as [n, c, h, w], and back. `shape` is the channels-last one.
std::vector<float> to_nchw(const std::vector<float>& nhwc, Shape shape);
std::vector<float> to_nhwc(const std::vector<float>& nchw, Shape shape);

}  // namespace yent
