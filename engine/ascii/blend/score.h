// Where a small model is likely to have drawn nothing: flat areas in the light. Results have the
// same bits on every machine.
#pragma once

#include <vector>

#include "engine/ascii/blend/options.h"
#include "loaders/image/image.h"

namespace yent {

// Luminance: 0.299 R + 0.587 G + 0.114 B.
inline float luminance(const uint8_t* rgb) {
  return static_cast<float>(0.299 * rgb[0] + 0.587 * rgb[1] + 0.114 * rgb[2]);
}

// One number from 0 to 1 for each pixel, row by row: high where the lit blocks have the least
// variance of the gradient. 0 everywhere where no block is lit or all are alike, so also for
// pictures smaller than a block.
std::vector<float> artifact_scores(const Image& image, const BlendOptions& options);

}  // namespace yent
