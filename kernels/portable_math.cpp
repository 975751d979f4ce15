#include "kernels/portable_math.h"

#include <cmath>
#include <limits>

namespace yent::portable {
namespace {

// Pieces of ln 2 and pi / 2, the upper ones so short that products with small integers are exact.
constexpr double ln2_high = 0x1.62e42fefp-1, ln2_low = 0x1.473de6af278edp-34;
constexpr double half_pi[] = {0x1.921fb544p+0, 0x1.0b4611a6p-34, 0x1.3198a2ep-69,
                              0x1.b839a252049c1p-104};
constexpr double log2_e = 1.4426950408889634, two_over_pi = 0.63661977236758134;

// A Taylor series up to the term with `last`!, the smallest terms first.
struct Series {
  int last, step;  // step 1 or 2

  // The sum of x^k first! / (first + k step)! over k = 0, 1, ...
  double from(int first, double x) const {
    double sum = 1;
    for (int n = last; n > first; n -= step) {
      const double divisor = step == 1 ? n : static_cast<double>(n) * (n - 1);
      sum = 1 + x / divisor * sum;
    }
    return sum;
  }
};

// x = n pi / 2 + rest, |rest| <= pi / 4.
struct Angle {
  int quadrant;
  double rest;

  explicit Angle(double x) {
    const double n = std::nearbyint(x * two_over_pi);
    quadrant = static_cast<int>(n - 4 * std::floor(n / 4));
    rest = x;
    for (const double piece : half_pi) rest -= n * piece;
  }

  double sine() const { return rest * Series{21, 2}.from(1, -rest * rest); }
  double cosine() const { return Series{22, 2}.from(0, -rest * rest); }
};

}  // namespace

double exp(double x) {
  if (x != x) return x;
  if (x > 710) return std::numeric_limits<double>::infinity();
  if (x < -746) return 0;
  const double whole = std::nearbyint(x * log2_e);
  const double rest = (x - whole * ln2_high) - whole * ln2_low;
  const double above_one = rest * Series{15, 1}.from(1, rest);
  return std::ldexp(1 + above_one, static_cast<int>(whole));
}

// log(1 + f) = 2 atanh(s), s = f / (2 + f), arranged so that f comes in unrounded.
double log(double x) {
  if (x < 0 || x != x) return std::numeric_limits<double>::quiet_NaN();
  if (x == 0) return -std::numeric_limits<double>::infinity();
  if (std::isinf(x)) return x;
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < 0.70710678118654757) mantissa *= 2, --exponent;
  const double f = mantissa - 1, s = f / (2 + f), z = s * s, half_square = f * f / 2;
  double series = 0;
  for (int n = 25; n > 1; n -= 2) series = (series + 2.0 / n) * z;
  const double rest = s * (half_square + series) + exponent * ln2_low;
  return exponent * ln2_high - ((half_square - rest) - f);
}

double sin(double x) {
  if (!std::isfinite(x)) return std::numeric_limits<double>::quiet_NaN();
  const Angle a(x);
  const double size = a.quadrant % 2 ? a.cosine() : a.sine();
  return a.quadrant / 2 ? -size : size;
}

double cos(double x) {
  if (!std::isfinite(x)) return std::numeric_limits<double>::quiet_NaN();
  const Angle a(x);
  const double size = a.quadrant % 2 ? a.sine() : a.cosine();
  return a.quadrant == 1 || a.quadrant == 2 ? -size : size;
}

double pow(double x, double y) {
  if (x == 0) return y > 0 ? 0 : y == 0 ? 1 : std::numeric_limits<double>::infinity();
  return exp(y * log(x));
}

float exp(float x, bool portably) {
  return portably ? static_cast<float>(exp(double{x})) : std::exp(x);
}
float sin(float x, bool portably) {
  return portably ? static_cast<float>(sin(double{x})) : std::sin(x);
}
float cos(float x, bool portably) {
  return portably ? static_cast<float>(cos(double{x})) : std::cos(x);
}

}  // namespace yent::portable
