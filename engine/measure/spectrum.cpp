#include "engine/measure/spectrum.h"

#include <cmath>
#include <complex>
#include <numbers>
#include <utility>
#include <vector>

namespace yent {
namespace {

constexpr int kLength = 256;
using Complex = std::complex<double>;

// Cooley and Tukey's transform of kLength numbers, `step` apart, in place.
void transform(Complex* x, int step, const std::vector<Complex>& roots) {
  for (int i = 1, j = 0; i < kLength; ++i) {
    int bit = kLength >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i < j) std::swap(x[i * step], x[j * step]);
  }
  for (int length = 2; length <= kLength; length *= 2) {
    for (int first = 0; first < kLength; first += length) {
      for (int k = 0; k < length / 2; ++k) {
        Complex& even = x[(first + k) * step];
        Complex& odd = x[(first + k + length / 2) * step];
        const Complex turned = odd * roots[k * (kLength / length)];
        odd = even - turned;
        even += turned;
      }
    }
  }
}

}  // namespace

double high_frequency_ratio(std::span<const int> luma, double mean) {
  std::vector<Complex> roots, x;
  for (int k = 0; k < kLength / 2; ++k)
    roots.push_back(std::polar(1.0, -2 * std::numbers::pi * k / kLength));
  for (const int v : luma) x.emplace_back(v - mean);
  for (int r = 0; r < kLength; ++r) transform(&x[static_cast<size_t>(r) * kLength], 1, roots);
  for (int c = 0; c < kLength; ++c) transform(&x[c], kLength, roots);
  double all = 0, fine = 0;
  for (int r = 0; r < kLength; ++r) {
    for (int c = 0; c < kLength; ++c) {
      const double fy = (r < kLength / 2 ? r : r - kLength) / double{kLength};
      const double fx = (c < kLength / 2 ? c : c - kLength) / double{kLength};
      const double power = std::norm(x[static_cast<size_t>(r) * kLength + c]);
      all += power;
      if (fx * fx + fy * fy > 0.0625) fine += power;
    }
  }
  return all > 1e-9 ? fine / all : 0;
}

}  // namespace yent
