#include "engine/ascii/blend/effects.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/ascii/blend/score.h"
#include "engine/core/random.h"
#include "kernels/portable_math.h"

namespace yent {

uint8_t truncated_byte(double value) { return static_cast<uint8_t>(std::clamp(value, 0.0, 255.0)); }

void add_grain(Image& image, double intensity, double fade, int seed) {
  std::vector<float> normals(image.rgb.size() / 3);
  NoiseSource(static_cast<uint64_t>(seed), Rng::cpu).normal(normals.data(), normals.size());
  for (size_t i = 0; i < normals.size(); ++i) {
    uint8_t* rgb = image.rgb.data() + 3 * i;
    const double added = normals[i] * intensity * (1 - fade * luminance(rgb) / 255);
    for (int c = 0; c < 3; ++c) rgb[c] = truncated_byte(rgb[c] + added);
  }
}

Image aberrated(const Image& image, int shift) {
  Image out = image;
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      out.pixel(x, y)[0] = image.pixel(std::max(0, x - shift), y)[0];
      out.pixel(x, y)[2] = image.pixel(std::min(image.width - 1, x + shift), y)[2];
    }
  }
  return out;
}

void darken_corners(Image& image, double strength, double power) {
  const double centre_x = image.width / 2.0, centre_y = image.height / 2.0;
  const double greatest = std::sqrt(centre_x * centre_x + centre_y * centre_y);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const double dx = x - centre_x, dy = y - centre_y;
      const double distance = std::sqrt(dx * dx + dy * dy) / greatest;
      const double light = 1 - strength * portable::pow(distance, power);
      for (int c = 0; c < 3; ++c) {
        image.pixel(x, y)[c] = truncated_byte(image.pixel(x, y)[c] * light);
      }
    }
  }
}

}  // namespace yent
