#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/error.h"
#include "kernels/portable_math.h"
#include "loaders/image/image.h"

namespace yent {

namespace {

constexpr double lobes = 3.0;
constexpr int fraction_bits = 22;  // 8 bits of pixel, 22 of weight, 2 for overshoot

double lanczos(double x) {
  if (x == 0.0) return 1.0;
  if (std::abs(x) >= lobes) return 0.0;
  const double a = std::numbers::pi * x;
  return lobes * portable::sin(a) * portable::sin(a / lobes) / (a * a);
}

// The weights with which one output position reads input [begin, begin + weights.size()).
struct Window {
  int begin = 0;
  std::vector<int> weights;
};

Window make_window(int position, int in, int out) {
  const double scale = static_cast<double>(in) / out;
  const double widening = std::max(scale, 1.0);  // antialiasing: wider when shrinking
  const double centre = (position + 0.5) * scale;
  const double support = lobes * widening;
  const int begin = std::max(static_cast<int>(centre - support + 0.5), 0);
  const int end = std::min(static_cast<int>(centre + support + 0.5), in);

  std::vector<double> exact;
  double sum = 0.0;
  for (int i = begin; i < end; ++i) {
    exact.push_back(lanczos((i - centre + 0.5) / widening));
    sum += exact.back();
  }
  Window window{begin, {}};
  for (double w : exact) {
    window.weights.push_back(static_cast<int>(std::lround(w / sum * (1 << fraction_bits))));
  }
  return window;
}

// Lines whose samples are `step` bytes apart. `step` lines lie interleaved: the 3 channels of a row
// of pixels, or the 3 * width columns of a picture.
struct Lines {
  size_t count, step;
};

// Resamples each line from `in` samples to `out`.
void resample(const uint8_t* from, int in, uint8_t* to, int out, Lines lines) {
  const auto [count, step] = lines;
  for (int o = 0; o < out; ++o) {
    const Window window = make_window(o, in, out);
    for (size_t line = 0; line < count; ++line) {
      const size_t inside = line % step, outside = line / step;
      const uint8_t* p = from + (outside * in + window.begin) * step + inside;
      int sum = 1 << (fraction_bits - 1);
      for (int weight : window.weights) {
        sum += weight * *p;
        p += step;
      }
      to[(outside * out + o) * step + inside] =
          static_cast<uint8_t>(std::clamp(sum >> fraction_bits, 0, 255));
    }
  }
}

}  // namespace

Image resize_lanczos(const Image& image, int width, int height) {
  ENSURE(image.width > 0 && image.height > 0 && width > 0 && height > 0, "resize {}x{} to {}x{}",
         image.width, image.height, width, height);
  // A pass that keeps the length would change nothing: every window is a single weight of 1.
  Image wide(width, image.height);
  resample(image.rgb.data(), image.width, wide.rgb.data(), width, {size_t{3} * image.height, 3});
  Image out(width, height);
  const size_t row = size_t{3} * width;
  resample(wide.rgb.data(), image.height, out.rgb.data(), height, {row, row});
  return out;
}

}  // namespace yent
