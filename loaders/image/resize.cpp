#include <algorithm>
#include <cmath>
#include <numbers>

#include "kernels/error.h"
#include "kernels/portable_math.h"
#include "loaders/image/image.h"

namespace yent {

namespace {

constexpr int fraction_bits = 22;  // 8 bits of pixel, 22 of weight, 2 for overshoot

double lanczos(double x) {
  constexpr double lobes = 3.0;
  if (x == 0.0) return 1.0;
  if (std::abs(x) >= lobes) return 0.0;
  const double a = std::numbers::pi * x;
  return lobes * portable::sin(a) * portable::sin(a / lobes) / (a * a);
}

double bicubic(double x) {
  constexpr double a = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * a;
  return 0.0;
}

double triangle(double x) { return std::max(1.0 - std::abs(x), 0.0); }

struct Filter {
  const char* name;
  double (*weight)(double x);
  double support;  // the weight is 0 from here on
};

constexpr Filter filters[] = {
    {"lanczos", lanczos, 3.0}, {"bicubic", bicubic, 2.0}, {"bilinear", triangle, 1.0}};

// The weights with which one output position reads input [begin, begin + weights.size()).
struct Window {
  int begin = 0;
  std::vector<int> weights;
};

Window make_window(const Filter& filter, int position, int in, int out) {
  const double scale = static_cast<double>(in) / out;
  const double widening = std::max(scale, 1.0);  // antialiasing: wider when shrinking
  const double centre = (position + 0.5) * scale;
  const double support = filter.support * widening;
  const int begin = std::max(static_cast<int>(centre - support + 0.5), 0);
  const int end = std::min(static_cast<int>(centre + support + 0.5), in);

  std::vector<double> exact;
  double sum = 0.0;
  for (int i = begin; i < end; ++i) {
    exact.push_back(filter.weight((i - centre + 0.5) / widening));
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

// How many samples a line has before and after.
struct Lengths {
  int in, out;
};

void resample(const Filter& filter, const uint8_t* from, uint8_t* to, Lengths lengths,
              Lines lines) {
  const auto [count, step] = lines;
  const auto [in, out] = lengths;
  for (int o = 0; o < out; ++o) {
    const Window window = make_window(filter, o, in, out);
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

std::vector<std::string> resampling_names() {
  std::vector<std::string> names;
  for (const Filter& filter : filters) names.emplace_back(filter.name);
  return names;
}

std::optional<Resampling> find_resampling(std::string_view name) {
  for (size_t i = 0; i < std::size(filters); ++i) {
    if (name == filters[i].name) return static_cast<Resampling>(i);
  }
  return {};
}

Image resize(const Image& image, int width, int height, Resampling resampling) {
  ENSURE(image.width > 0 && image.height > 0 && width > 0 && height > 0, "resize {}x{} to {}x{}",
         image.width, image.height, width, height);
  const Filter& filter = filters[static_cast<size_t>(resampling)];
  // A pass that keeps the length would change nothing: every window is a single weight of 1.
  Image wide(width, image.height);
  resample(filter, image.rgb.data(), wide.rgb.data(), {image.width, width},
           {size_t{3} * image.height, 3});
  Image out(width, height);
  const size_t row = size_t{3} * width;
  resample(filter, wide.rgb.data(), out.rgb.data(), {image.height, height}, {row, row});
  return out;
}

}  // namespace yent
