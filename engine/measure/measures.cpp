#include "engine/measure/measures.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "engine/measure/palette.h"
#include "engine/measure/spectrum.h"
#include "kernels/portable_math.h"

namespace yent {
namespace {

constexpr int kSide = 256;

double log2_of(double x) { return portable::log(x) / std::numbers::ln2; }
double decibels(double ratio) { return 10 * portable::log(ratio) / std::numbers::ln10; }

std::vector<double> y_of(const Image& image) {
  std::vector<double> y(image.rgb.size() / 3);
  for (size_t i = 0; i < y.size(); ++i) {
    const uint8_t* p = &image.rgb[3 * i];
    y[i] = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
  }
  return y;
}

// Of 8 bits, as Pillow rounds it.
std::vector<int> luma_of(const Image& image) {
  std::vector<int> luma(image.rgb.size() / 3);
  for (size_t i = 0; i < luma.size(); ++i) {
    const uint8_t* p = &image.rgb[3 * i];
    luma[i] = (19595 * p[0] + 38470 * p[1] + 7471 * p[2] + 32768) >> 16;
  }
  return luma;
}

double entropy_bits(std::span<const int64_t> counts) {
  double total = 0, entropy = 0;
  for (const int64_t count : counts) total += static_cast<double>(count);
  for (const int64_t count : counts) {
    const double p = static_cast<double>(count) / total;
    if (count > 0) entropy -= p * log2_of(p);
  }
  return entropy;
}

double clipped_share(const Image& image) {
  size_t clipped = 0;
  for (size_t i = 0; i < image.rgb.size(); i += 3) {
    const auto ends = [](uint8_t v) { return v == 0 || v == 255; };
    clipped += std::any_of(&image.rgb[i], &image.rgb[i] + 3, ends);
  }
  return static_cast<double>(clipped) / (static_cast<double>(image.rgb.size()) / 3);
}

Measure flatness(const Image& image) {
  constexpr int kBlock = 8;
  const int across = image.width / kBlock, down = image.height / kBlock;
  if (across == 0 || down == 0) return {};
  const std::vector<double> y = y_of(image);
  int flat = 0;
  for (int block = 0; block < across * down; ++block) {
    const double* first =
        &y[static_cast<size_t>(block / across) * kBlock * image.width + block % across * kBlock];
    double mean = 0, square = 0;
    for (int i = 0; i < kBlock * kBlock; ++i) mean += first[i / kBlock * image.width + i % kBlock];
    mean /= kBlock * kBlock;
    for (int i = 0; i < kBlock * kBlock; ++i) {
      const double apart = first[i / kBlock * image.width + i % kBlock] - mean;
      square += apart * apart;
    }
    flat += std::sqrt(square / (kBlock * kBlock)) < 2;
  }
  return static_cast<double>(flat) / (across * down);
}

// Sobel's magnitude / 8 on Y; border pixels are repeated.
std::vector<double> gradient(const Image& image) {
  const std::vector<double> y = y_of(image);
  const int width = image.width, height = image.height;
  const auto at = [&](int row, int column) {
    return y[static_cast<size_t>(std::clamp(row, 0, height - 1)) * width +
             std::clamp(column, 0, width - 1)];
  };
  std::vector<double> magnitudes;
  magnitudes.reserve(y.size());
  for (int r = 0; r < height; ++r) {
    for (int c = 0; c < width; ++c) {
      double gx = 0, gy = 0;
      for (int i = -1; i <= 1; ++i) {
        const int weight = i == 0 ? 2 : 1;
        gx += weight * (at(r + i, c + 1) - at(r + i, c - 1));
        gy += weight * (at(r + 1, c + i) - at(r - 1, c + i));
      }
      magnitudes.push_back(std::sqrt(gx * gx + gy * gy) / 8);
    }
  }
  return magnitudes;
}

}  // namespace

PictureMeasures measure(const Image& picture) {
  const bool fits = picture.width == kSide && picture.height == kSide;
  const Image small = fits ? picture : resize(picture, kSide, kSide, Resampling::bilinear);
  const std::vector<int> luma = luma_of(small);
  std::vector<int64_t> histogram(256);
  int64_t sum = 0;
  for (const int v : luma) {
    ++histogram[v];
    sum += v;
  }
  const auto count = static_cast<double>(luma.size());
  PictureMeasures m{.mean = static_cast<double>(sum) / count};
  double square = 0;
  for (const int v : luma) square += (v - m.mean) * (v - m.mean);
  m.std = std::sqrt(square / count);
  m.entropy = entropy_bits(histogram);
  m.hf_ratio = high_frequency_ratio(luma, m.mean);
  m.flatness = flatness(picture);
  m.clipped = clipped_share(small);
  m.clipped_full = clipped_share(picture);
  return m;
}

PictureDistances compare(const Image& picture, const Image& baseline) {
  if (picture.width != baseline.width || picture.height != baseline.height) return {};
  PictureDistances d;
  double absolute = 0, square = 0;
  for (size_t i = 0; i < picture.rgb.size(); ++i) {
    const double apart = static_cast<double>(picture.rgb[i]) - baseline.rgb[i];
    absolute += std::abs(apart);
    square += apart * apart;
  }
  const auto count = static_cast<double>(picture.rgb.size());
  d.mae = absolute / count;
  if (square > 0) d.psnr = decibels(255.0 * 255.0 * count / square);
  const std::vector<double> a = gradient(baseline), b = gradient(picture);
  double aa = 0, ab = 0, bb = 0, sum_a = 0, sum_b = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    aa += a[i] * a[i];
    ab += a[i] * b[i];
    bb += b[i] * b[i];
    sum_a += a[i];
    sum_b += b[i];
  }
  if (aa * bb > 0) d.edge = 1 - ab / std::sqrt(aa * bb);
  if (sum_a > 0) d.edge_ratio = sum_b / sum_a;
  d.palette = earth_mover(palette_of(baseline), palette_of(picture));
  return d;
}

Measure cosine_distance(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return {};
  double aa = 0, ab = 0, bb = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    aa += static_cast<double>(a[i]) * a[i];
    ab += static_cast<double>(a[i]) * b[i];
    bb += static_cast<double>(b[i]) * b[i];
  }
  const double cosine = ab / std::max(std::sqrt(aa) * std::sqrt(bb), 1e-12);
  return std::isfinite(cosine) ? Measure(1 - cosine) : Measure();
}

CodeUsage code_usage(std::span<const int> codes, int count) {
  std::vector<int64_t> histogram(count);
  for (const int code : codes) ++histogram[code];
  return code_usage(histogram);
}

CodeUsage code_usage(std::span<const int64_t> histogram) {
  const auto met = std::ranges::count_if(histogram, [](int64_t n) { return n > 0; });
  const auto count = static_cast<double>(histogram.size());
  double total = 0;
  for (const int64_t n : histogram) total += static_cast<double>(n);
  return {.used = static_cast<double>(met) / count,
          .eff = portable::pow(2, entropy_bits(histogram)) / count,
          .ends = static_cast<double>(histogram.front() + histogram.back()) / total};
}

Measure sqnr(std::span<const float> x, std::span<const float> q) {
  double signal = 0, noise = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double apart = static_cast<double>(x[i]) - q[i];
    signal += static_cast<double>(x[i]) * x[i];
    noise += apart * apart;
  }
  return sqnr(signal, noise);
}

Measure sqnr(double signal, double noise) {
  const double ratio = signal / noise;
  return signal > 0 && noise > 0 && std::isfinite(ratio) ? Measure(decibels(ratio)) : Measure();
}

}  // namespace yent
