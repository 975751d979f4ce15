#include "tools/server/repaint.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "kernels/error.h"

namespace yent::server {
namespace {

// A value for each pixel.
struct Plane {
  int width, height;
  std::vector<float> values;

  float& at(int x, int y) { return values[static_cast<size_t>(y) * width + x]; }
  float at(int x, int y) const { return values[static_cast<size_t>(y) * width + x]; }
};

// Brightness in [0, 1], as Pillow weighs the colours.
Plane grey_of(const Image& image, bool invert) {
  Plane plane{image.width, image.height, {}};
  plane.values.reserve(image.rgb.size() / 3);
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    const uint8_t* p = &image.rgb[i];
    const float grey = (0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2]) / 255;
    plane.values.push_back(invert ? 1 - grey : grey);
  }
  return plane;
}

Image image_of(const Plane& plane) {
  Image image(plane.width, plane.height);
  for (size_t i = 0; i < plane.values.size(); ++i) {
    const float value = std::clamp(plane.values[i] * 255 + 0.5f, 0.0f, 255.0f);
    std::fill_n(&image.rgb[3 * i], 3, static_cast<uint8_t>(value));
  }
  return image;
}

std::vector<float> gaussian(double sigma) {
  const int radius = static_cast<int>(2.5 * sigma + 0.5);
  std::vector<float> weights;
  float sum = 0;
  for (int i = -radius; i <= radius; ++i) {
    weights.push_back(static_cast<float>(std::exp(-i * i / (2 * sigma * sigma))));
    sum += weights.back();
  }
  for (float& weight : weights) weight /= sum;
  return weights;
}

// One pass along the rows; turned, so that two passes are a blur in both directions.
Plane blurred_and_turned(const Plane& plane, const std::vector<float>& weights) {
  const int radius = static_cast<int>(weights.size() / 2);
  Plane turned{plane.height, plane.width, std::vector<float>(plane.values.size())};
  for (int y = 0; y < plane.height; ++y) {
    for (int x = 0; x < plane.width; ++x) {
      float sum = 0;
      for (int i = -radius; i <= radius; ++i) {
        sum += weights[i + radius] * plane.at(std::clamp(x + i, 0, plane.width - 1), y);
      }
      turned.at(y, x) = sum;
    }
  }
  return turned;
}

Plane blurred(const Plane& plane, double sigma) {
  if (sigma < 0.2) return plane;
  const std::vector<float> weights = gaussian(sigma);
  return blurred_and_turned(blurred_and_turned(plane, weights), weights);
}

// The smallest part that has all of the mask, with the padding, in the shape of what is painted.
Region around(const Plane& mask, int padding, int width, int height) {
  int left = mask.width, top = mask.height, right = 0, bottom = 0;
  for (int y = 0; y < mask.height; ++y) {
    for (int x = 0; x < mask.width; ++x) {
      if (mask.at(x, y) <= 0.01f) continue;
      left = std::min(left, x), right = std::max(right, x + 1);
      top = std::min(top, y), bottom = std::max(bottom, y + 1);
    }
  }
  left = std::max(0, left - padding), right = std::min(mask.width, right + padding);
  top = std::max(0, top - padding), bottom = std::min(mask.height, bottom + padding);
  const double shape = static_cast<double>(width) / height;
  int w = right - left, h = bottom - top;
  if (w < h * shape) w = std::min(mask.width, static_cast<int>(std::lround(h * shape)));
  if (h < w / shape) h = std::min(mask.height, static_cast<int>(std::lround(w / shape)));
  const int x = std::clamp((left + right - w) / 2, 0, mask.width - w);
  const int y = std::clamp((top + bottom - h) / 2, 0, mask.height - h);
  return {x, y, w, h};
}

Image cut(const Image& image, const Region& region) {
  Image part(region.width, region.height);
  for (int y = 0; y < region.height; ++y) {
    std::copy_n(image.pixel(region.x, region.y + y), size_t{3} * region.width, part.pixel(0, y));
  }
  return part;
}

// Sums of colours and counts of the pixels that are known, over all above and to the left.
class KnownSums {
 public:
  KnownSums(const Image& image, const Plane& mask)
      : stride_(image.width + 1), sums_(static_cast<size_t>(stride_) * (image.height + 1)) {
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width; ++x) {
        const bool known = mask.at(x, y) < 0.5f;
        const uint8_t* p = image.pixel(x, y);
        for (int c = 0; c < 4; ++c) {
          const int64_t own = !known ? 0 : c < 3 ? p[c] : 1;
          at(x + 1, y + 1)[c] = own + at(x, y + 1)[c] + at(x + 1, y)[c] - at(x, y)[c];
        }
      }
    }
    width_ = image.width, height_ = image.height;
  }

  std::array<int64_t, 4> around(int x, int y, int radius) const {
    const int x0 = std::max(0, x - radius), x1 = std::min(width_, x + radius + 1);
    const int y0 = std::max(0, y - radius), y1 = std::min(height_, y + radius + 1);
    std::array<int64_t, 4> sum;
    for (int c = 0; c < 4; ++c) {
      sum[c] = at(x1, y1)[c] - at(x0, y1)[c] - at(x1, y0)[c] + at(x0, y0)[c];
    }
    return sum;
  }

 private:
  using Sums = std::array<int64_t, 4>;
  Sums& at(int x, int y) { return sums_[static_cast<size_t>(y) * stride_ + x]; }
  const Sums& at(int x, int y) const { return sums_[static_cast<size_t>(y) * stride_ + x]; }

  int stride_, width_ = 0, height_ = 0;
  std::vector<Sums> sums_;
};

// What is under the mask becomes the mean of the nearest known pixels.
void fill(Image& image, const Plane& mask) {
  const KnownSums sums(image, mask);
  const int most = 2 * std::max(image.width, image.height);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      if (mask.at(x, y) < 0.5f) continue;
      for (int radius = 2; radius <= most; radius *= 2) {
        const auto sum = sums.around(x, y, radius);
        if (sum[3] == 0) continue;
        for (int c = 0; c < 3; ++c) {
          image.pixel(x, y)[c] = static_cast<uint8_t>((sum[c] + sum[3] / 2) / sum[3]);
        }
        break;
      }
    }
  }
}

}  // namespace

RepaintPlan plan_repaint(const Image& picture, const Image& mask, const RepaintWish& wish,
                         int width, int height) {
  RepaintPlan plan;
  plan.whole = wish.around_mask ? picture : resize(picture, width, height);
  const Image fitted = mask.width == plan.whole.width && mask.height == plan.whole.height
                           ? mask
                           : resize(mask, plan.whole.width, plan.whole.height);
  const Plane hard = grey_of(fitted, wish.invert);
  if (std::ranges::all_of(hard.values, [](float value) { return value < 0.5f; })) {
    throw usage_error("mask has nothing to repaint: {} is repainted",
                      wish.invert ? "black" : "white");
  }
  const Plane soft = blurred(hard, wish.blur);
  plan.overlay = image_of(soft);
  plan.region = {0, 0, plan.whole.width, plan.whole.height};
  if (wish.around_mask) plan.region = around(soft, wish.padding, width, height);
  Image start = plan.whole;
  if (!wish.keeps_start) fill(start, hard);
  plan.picture = cut(start, plan.region);
  plan.mask = cut(plan.overlay, plan.region);
  return plan;
}

Image put_back(const RepaintPlan& plan, const Image& painted) {
  const Region& region = plan.region;
  const bool fits = painted.width == region.width && painted.height == region.height;
  const Image part = fits ? painted : resize(painted, region.width, region.height);
  Image result = plan.whole;
  for (int y = 0; y < region.height; ++y) {
    for (int x = 0; x < region.width; ++x) {
      const int share = plan.overlay.pixel(region.x + x, region.y + y)[0];
      uint8_t* to = result.pixel(region.x + x, region.y + y);
      for (int c = 0; c < 3; ++c) {
        to[c] =
            static_cast<uint8_t>((to[c] * (255 - share) + part.pixel(x, y)[c] * share + 127) / 255);
      }
    }
  }
  return result;
}

}  // namespace yent::server
