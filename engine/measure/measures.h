// Numbers about a picture, alone and against the one that the same request gave without
// quantization. Sums are f64; Y = .299 R + .587 G + .114 B. Where a number is undefined there is
// none, never a NaN. tools/lab has the same formulas in Python, and tests/lab compares them.
#pragma once

#include <optional>
#include <span>

#include "loaders/image/image.h"

namespace yent {

using Measure = std::optional<double>;

// Those of the 256 x 256 picture are measured as Pillow's bilinear filter makes it.
struct PictureMeasures {
  double hf_ratio = 0;  // share of the power of its luma beyond a quarter of the sampling frequency
  double std = 0, entropy = 0, mean = 0;  // of its luma: deviation, bits of the histogram, mean
  Measure flatness = {};    // share of whole 8 x 8 blocks whose Y deviates by less than 2
  double clipped = 0;       // share of its pixels with a channel at 0 or 255
  double clipped_full = 0;  // the same of the picture as it is
};
PictureMeasures measure(const Image& picture);

struct PictureDistances {
  Measure psnr = {};        // dB; equal pictures have none
  Measure mae = {};         // 0..255
  Measure edge = {};        // 1 - cosine of Sobel's magnitudes
  Measure edge_ratio = {};  // of their means, picture over baseline
  Measure palette = {};     // see palette.h
};
// All are undefined where the sizes differ.
PictureDistances compare(const Image& picture, const Image& baseline);

// 1 - cosine; undefined where the counts differ.
Measure cosine_distance(std::span<const float> a, std::span<const float> b);

// How the codes 0 .. count - 1 of a grid are used.
struct CodeUsage {
  double used = 0;  // codes met / count
  double eff = 0;   // 2^entropy / count
  double ends = 0;  // share at the first or last code
};
CodeUsage code_usage(std::span<const int> codes, int count);
// The same of how often each code was used.
CodeUsage code_usage(std::span<const int64_t> histogram);
// 10 log10(sum x^2 / sum (x - q)^2) in dB; undefined without error or without signal.
Measure sqnr(std::span<const float> x, std::span<const float> q);
Measure sqnr(double signal, double noise);  // of these sums

}  // namespace yent
