#include "engine/diffusion/latent_preview.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "engine/core/random.h"
#include "kernels/error.h"

namespace yent {
namespace {

constexpr double kRidge = 0.05;  // per sample: what is not in the noise must not grow

// Solves a x = b for symmetric positive a [n][n] and b [n][m], in place: Cholesky's method.
void solve(std::vector<double>& a, std::vector<double>& b, int n, int m) {
  for (int j = 0; j < n; ++j) {
    for (int i = j; i < n; ++i) {
      double sum = a[i * n + j];
      for (int k = 0; k < j; ++k) sum -= a[i * n + k] * a[j * n + k];
      a[i * n + j] = i == j ? std::sqrt(sum) : sum / a[j * n + j];
    }
  }
  const auto eliminate = [&](int i, int k, double factor) {
    for (int c = 0; c < m; ++c) b[i * m + c] -= factor * b[k * m + c];
  };
  for (int i = 0; i < n; ++i) {
    for (int k = 0; k < i; ++k) eliminate(i, k, a[i * n + k]);
    for (int c = 0; c < m; ++c) b[i * m + c] /= a[i * n + i];
  }
  for (int i = n - 1; i >= 0; --i) {
    for (int k = i + 1; k < n; ++k) eliminate(i, k, a[k * n + i]);
    for (int c = 0; c < m; ++c) b[i * m + c] /= a[i * n + i];
  }
}

// The mean of each square of `side` pixels, as [3 * patch * patch] at latent pixel (x, y).
std::vector<float> patch_colours(const std::vector<float>& pixels, int width, int x, int y,
                                 int patch, int side) {
  std::vector<float> colours(size_t{3} * patch * patch);
  const float share = 1.0f / static_cast<float>(side * side);
  for (int py = 0; py < patch * side; ++py) {
    for (int px = 0; px < patch * side; ++px) {
      const size_t from = (static_cast<size_t>(y * patch * side + py) * width +
                           static_cast<size_t>(x) * patch * side + px) *
                          3;
      float* to = &colours[size_t{3} * (py / side * patch + px / side)];
      for (int c = 0; c < 3; ++c) {
        const float value = pixels[from + c];
        if (std::isfinite(value)) to[c] += std::clamp(value, -1.0f, 1.0f) * share;
      }
    }
  }
  return colours;
}

// Each pixel with its eight neighbours, weighted 1 2 1 both ways.
Image softened(const Image& from) {
  Image to(from.width, from.height);
  for (int y = 0; y < from.height; ++y) {
    for (int x = 0; x < from.width; ++x) {
      std::array<int, 3> sum{};
      for (int k = 0; k < 9; ++k) {
        const int dx = k % 3 - 1, dy = k / 3 - 1, weight = (2 - std::abs(dx)) * (2 - std::abs(dy));
        const uint8_t* pixel = from.pixel(std::clamp(x + dx, 0, from.width - 1),
                                          std::clamp(y + dy, 0, from.height - 1));
        for (int c = 0; c < 3; ++c) sum[c] += weight * pixel[c];
      }
      for (int c = 0; c < 3; ++c) to.pixel(x, y)[c] = static_cast<uint8_t>((sum[c] + 8) / 16);
    }
  }
  return to;
}

}  // namespace

LatentPreview::LatentPreview(int channels, int factor, const Decode& decode)
    : channels_(channels), patch_(std::clamp(factor / 4, 1, 4)) {
  while (factor % patch_ != 0) --patch_;
  Latent noise{channels, kFitSide, kFitSide};
  noise.values.resize(noise.shape().count());
  NoiseSource(1, Rng::cpu).normal(noise.values.data(), noise.values.size());
  const std::vector<float> pixels = decode(noise);
  const int n = inputs(), m = outputs(), width = kFitSide * factor;
  ENSURE(pixels.size() == size_t{3} * width * width, "{} numbers", pixels.size());

  std::vector<double> a(static_cast<size_t>(n) * n), b(static_cast<size_t>(n) * m);
  std::vector<float> x(n);
  for (int at = 0; at < kFitSide * kFitSide; ++at) {
    gather(noise, at % kFitSide, at / kFitSide, x.data());
    const std::vector<float> y =
        patch_colours(pixels, width, at % kFitSide, at / kFitSide, patch_, factor / patch_);
    for (int i = 0; i < n; ++i) {
      for (int j = 0; j <= i; ++j) a[i * n + j] += double{x[i]} * x[j];
      for (int c = 0; c < m; ++c) b[i * m + c] += double{x[i]} * y[c];
    }
  }
  for (int i = 0; i + 1 < n; ++i) a[i * n + i] += kRidge * kFitSide * kFitSide;
  solve(a, b, n, m);
  map_.assign(b.begin(), b.end());
}

// The neighbourhood, channel by channel; beyond the border stands what is nearest. Then a one.
void LatentPreview::gather(const Latent& latent, int x, int y, float* to) const {
  for (int c = 0; c < channels_; ++c) {
    for (int dy = -1; dy <= 1; ++dy) {
      const int row = std::clamp(y + dy, 0, latent.height - 1);
      const float* from =
          &latent.values[(static_cast<size_t>(c) * latent.height + row) * latent.width];
      for (int dx = -1; dx <= 1; ++dx) *to++ = from[std::clamp(x + dx, 0, latent.width - 1)];
    }
  }
  *to = 1;
}

Image LatentPreview::operator()(const Latent& latent) const {
  ENSURE(latent.channels == channels_, "{} channels", latent.channels);
  Image image(latent.width * patch_, latent.height * patch_);
  const int n = inputs(), m = outputs();
  std::vector<float> x(n), y(m);
  for (int row = 0; row < latent.height; ++row) {
    for (int column = 0; column < latent.width; ++column) {
      gather(latent, column, row, x.data());
      std::fill(y.begin(), y.end(), 0.0f);
      for (int i = 0; i < n; ++i) {
        const float* weights = &map_[static_cast<size_t>(i) * m];
        for (int c = 0; c < m; ++c) y[c] += x[i] * weights[c];
      }
      for (int c = 0; c < m; ++c) {
        const int pixel = c / 3;
        // A latent that is not finite yet is grey.
        const float value = std::isfinite(y[c]) ? std::clamp((y[c] + 1) / 2, 0.0f, 1.0f) : 0.5f;
        image.pixel(column * patch_ + pixel % patch_, row * patch_ + pixel / patch_)[c % 3] =
            static_cast<uint8_t>(value * 255 + 0.5f);
      }
    }
  }
  // Patches are fitted each for itself and do not quite meet: without their seams the picture is
  // nearer to the decoder's (0.91 of correlation instead of 0.86).
  return patch_ > 1 ? softened(image) : image;
}

}  // namespace yent
