// What makes a picture look as if a worn lens and film had seen it. A byte is stored by clamping
// and truncating; results have the same bits on every machine.
#pragma once

#include <cstdint>

#include "loaders/image/image.h"

namespace yent {

uint8_t truncated_byte(double value);

// One normal number for each pixel, row by row, as torch.randn of the CPU draws them from `seed`:
// number * intensity * (1 - fade * luminance / 255) is added to all three channels.
void add_grain(Image& image, double intensity, double fade, int seed);

// Red comes from `shift` pixels to the left, blue from as many to the right.
Image aberrated(const Image& image, int shift);

// Multiplies with 1 - strength * (distance / greatest)^power, the distance from the centre (width /
// 2, height / 2), the greatest that of the first corner.
void darken_corners(Image& image, double strength, double power);

}  // namespace yent
