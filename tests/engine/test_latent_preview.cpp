// The linear map that stands for the decoder while a picture forms.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/diffusion/latent_preview.h"
#include "engine/pipeline/assets.h"
#include "engine/pipeline/pipeline.h"
#include "kernels/cpu/cpu_backend.h"
#include "tests/support/golden.h"

using namespace yent;

namespace {

// The mean of each square.
Image shrunk(const Image& from, int width) {
  const int by = from.width / width;
  Image to(width, from.height / by);
  for (int y = 0; y < to.height; ++y) {
    for (int x = 0; x < to.width; ++x) {
      for (int c = 0; c < 3; ++c) {
        int sum = 0;
        for (int k = 0; k < by * by; ++k) sum += from.pixel(x * by + k % by, y * by + k / by)[c];
        to.pixel(x, y)[c] = static_cast<uint8_t>(sum / (by * by));
      }
    }
  }
  return to;
}

double luminance(const Image& image, size_t i) {
  return 0.299 * image.rgb[3 * i] + 0.587 * image.rgb[3 * i + 1] + 0.114 * image.rgb[3 * i + 2];
}

double correlation(const Image& a, const Image& b) {
  const size_t n = a.rgb.size() / 3;
  double ma = 0, mb = 0, aa = 0, bb = 0, ab = 0;
  for (size_t i = 0; i < n; ++i) {
    ma += luminance(a, i) / static_cast<double>(n);
    mb += luminance(b, i) / static_cast<double>(n);
  }
  for (size_t i = 0; i < n; ++i) {
    const double da = luminance(a, i) - ma, db = luminance(b, i) - mb;
    aa += da * da;
    bb += db * db;
    ab += da * db;
  }
  return ab / std::sqrt(aa * bb);
}

double squared_error(const Image& a, const Image& b) {
  double sum = 0;
  for (size_t i = 0; i < a.rgb.size(); ++i) {
    const double d = static_cast<double>(a.rgb[i]) - b.rgb[i];
    sum += d * d;
  }
  return sum / static_cast<double>(a.rgb.size());
}

}  // namespace

TEST_CASE("latent preview: a linear decoder is found") {
  // Each latent pixel becomes a square of 4x4 in a colour of its own channels.
  const auto decode = [](const Latent& l) {
    std::vector<float> pixels;
    for (int y = 0; y < 4 * l.height; ++y) {
      for (int x = 0; x < 4 * l.width; ++x) {
        const size_t at = static_cast<size_t>(y / 4) * l.width + x / 4, plane = l.values.size() / 2;
        pixels.insert(pixels.end(), {0.2f * l.values[at], -0.1f * l.values[plane + at], 0.25f});
      }
    }
    return pixels;
  };
  const LatentPreview preview(2, 4, decode);
  const Image image = preview({2, 1, 2, {1, -1, 2, 0}});
  REQUIRE(image.width == 2);
  REQUIRE(image.height == 1);
  const int expected[] = {153, 102, 159, 102, 128, 159};
  for (int i = 0; i < 6; ++i) CHECK(std::abs(image.rgb[i] - expected[i]) <= 4);
}

TEST_CASE("latent preview: what is not finite becomes grey") {
  const auto decode = [](const Latent& l) {
    return std::vector<float>(l.values.size() * 3 * 64, std::nanf(""));
  };
  const LatentPreview preview(1, 8, decode);
  const Image image = preview({1, 2, 2, {std::nanf(""), 1, 2, 3}});
  CHECK(image.width == 2 * preview.patch());
  for (const uint8_t value : image.rgb) CHECK(value == 128);
}

TEST_CASE("latent preview: the shipped painter's look like its pictures") {
  const auto backend = make_cpu_backend({.threads = 1});
  Pipeline pipeline({.model = find_shipped("default").value()}, {backend.get()});
  PaintRequest request;
  request.prompt = "a cat with glowing eyes";
  request.spec.steps = 6;
  request.spec.guidance = 1;
  Image rough, picture;
  int calls = 0;
  pipeline.paint(request, {.rough =
                               [&](Image&& image, int, int call) {
                                 CHECK(call == calls++);
                                 rough = std::move(image);
                               },
                           .picture = [&](Painted&& p) { picture = std::move(p.image); }});
  CHECK(calls == 6);
  REQUIRE(rough.width >= 32);
  const Image decoded = shrunk(picture, rough.width);
  Image grey = decoded;
  std::fill(grey.rgb.begin(), grey.rgb.end(), 128);
  CHECK(correlation(rough, decoded) > 0.7);
  CHECK(squared_error(rough, decoded) < 0.6 * squared_error(grey, decoded));
}
