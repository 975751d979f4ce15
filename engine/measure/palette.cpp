#include "engine/measure/palette.h"

#include <algorithm>
#include <cmath>

#include "kernels/portable_math.h"

namespace yent {
namespace {

constexpr size_t kColours = 16;
constexpr int kRounds = 10;

double linear(uint8_t value) {
  const double v = value / 255.0;
  return v <= 0.04045 ? v / 12.92 : portable::pow((v + 0.055) / 1.055, 2.4);
}

// Halley's rule from a parabola that is within 4 %. Powers would be most of a measurement.
double cube_root(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // 0.5 to 1
  for (; exponent % 3 != 0; ++exponent) m /= 2;
  double root = 0.4 + 0.99 * m - 0.41 * m * m;
  for (int i = 0; i < 3; ++i) {
    const double cube = root * root * root;
    root *= (cube + 2 * m) / (2 * cube + m);
  }
  return std::ldexp(root, exponent / 3);
}

// Pixels that share their upper bits: their mean, and how many they are.
struct Points {
  std::vector<LabColour> colours;
  std::vector<double> weights;
};

Points pooled(const Image& picture) {
  struct Pool {
    LabColour sum{};
    int64_t count = 0;
  };
  std::vector<Pool> pools(1 << 15);
  for (size_t i = 0; i < picture.rgb.size(); i += 3) {
    const uint8_t* p = &picture.rgb[i];
    Pool& pool = pools[(p[0] >> 3) << 10 | (p[1] >> 3) << 5 | p[2] >> 3];
    const LabColour lab = lab_of(p);
    for (int axis = 0; axis < 3; ++axis) pool.sum[axis] += lab[axis];
    ++pool.count;
  }
  Points points;
  for (Pool& pool : pools) {
    if (pool.count == 0) continue;
    for (double& v : pool.sum) v /= static_cast<double>(pool.count);
    points.colours.push_back(pool.sum);
    points.weights.push_back(static_cast<double>(pool.count));
  }
  return points;
}

struct Cluster {
  LabColour centre{}, spread{};  // weighted mean, weighted squared deviation
};

Cluster cluster_of(const Points& points, const std::vector<size_t>& labels, size_t label) {
  Cluster c;
  double weight = 0;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != label) continue;
    weight += points.weights[i];
    for (int axis = 0; axis < 3; ++axis) {
      c.centre[axis] += points.weights[i] * points.colours[i][axis];
    }
  }
  for (double& v : c.centre) v /= weight;
  for (size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] != label) continue;
    for (int axis = 0; axis < 3; ++axis) {
      const double apart = points.colours[i][axis] - c.centre[axis];
      c.spread[axis] += points.weights[i] * (apart * apart);
    }
  }
  return c;
}

std::vector<LabColour> split(const Points& points) {
  std::vector<size_t> labels(points.colours.size());
  std::vector<Cluster> clusters{cluster_of(points, labels, 0)};
  while (clusters.size() < kColours) {
    size_t worst = 0;
    int axis = 0;
    for (size_t i = 0; i < clusters.size(); ++i) {
      for (int a = 0; a < 3; ++a) {
        if (clusters[i].spread[a] > clusters[worst].spread[axis]) worst = i, axis = a;
      }
    }
    if (!(clusters[worst].spread[axis] > 0)) break;
    const double mean = clusters[worst].centre[axis];
    bool any = false;
    for (size_t i = 0; i < labels.size(); ++i) {
      if (labels[i] != worst || !(points.colours[i][axis] > mean)) continue;
      labels[i] = clusters.size();
      any = true;
    }
    if (!any) break;
    clusters[worst] = cluster_of(points, labels, worst);
    clusters.push_back(cluster_of(points, labels, clusters.size()));
  }
  std::vector<LabColour> centres;
  for (const Cluster& c : clusters) centres.push_back(c.centre);
  return centres;
}

size_t nearest_of(const LabColour& colour, const std::vector<LabColour>& centres) {
  size_t best = 0;
  double least = 0;
  for (size_t i = 0; i < centres.size(); ++i) {
    double far = 0;
    for (int axis = 0; axis < 3; ++axis) {
      const double apart = colour[axis] - centres[i][axis];
      far += apart * apart;
    }
    if (i == 0 || far < least) best = i, least = far;
  }
  return best;
}

// The weights of the points nearest to each centre; moves the centres to their means if asked.
std::vector<double> assign(const Points& points, std::vector<LabColour>& centres, bool moves) {
  std::vector<double> mass(centres.size());
  std::vector<LabColour> sums(centres.size(), LabColour{});
  for (size_t i = 0; i < points.colours.size(); ++i) {
    const size_t nearest = nearest_of(points.colours[i], centres);
    mass[nearest] += points.weights[i];
    for (int axis = 0; axis < 3; ++axis) {
      sums[nearest][axis] += points.weights[i] * points.colours[i][axis];
    }
  }
  for (size_t k = 0; moves && k < centres.size(); ++k) {
    for (int axis = 0; axis < 3 && mass[k] > 0; ++axis) centres[k][axis] = sums[k][axis] / mass[k];
  }
  return mass;
}

}  // namespace

LabColour lab_of(const uint8_t* rgb) {
  constexpr double matrix[3][3] = {{0.4124564, 0.3575761, 0.1804375},
                                   {0.2126729, 0.7151522, 0.0721750},
                                   {0.0193339, 0.1191920, 0.9503041}};
  static const std::array<double, 256> table = [] {
    std::array<double, 256> values{};
    for (int i = 0; i < 256; ++i) values[i] = linear(static_cast<uint8_t>(i));
    return values;
  }();
  constexpr double knee = 6.0 / 29;
  double f[3];
  for (int i = 0; i < 3; ++i) {
    const double* m = matrix[i];
    const double sum = m[0] * table[rgb[0]] + m[1] * table[rgb[1]] + m[2] * table[rgb[2]];
    const double t = sum / (m[0] + m[1] + m[2]);
    f[i] = t > knee * knee * knee ? cube_root(t) : t / (3 * knee * knee) + 4.0 / 29;
  }
  return {116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])};
}

Palette palette_of(const Image& picture) {
  const Points points = pooled(picture);
  std::vector<LabColour> centres = split(points);
  for (int round = 0; round < kRounds; ++round) assign(points, centres, true);
  const std::vector<double> mass = assign(points, centres, false);
  double all = 0;
  for (const double m : mass) all += m;
  Palette palette;
  for (size_t i = 0; i < centres.size(); ++i) {
    if (!(mass[i] > 0)) continue;
    palette.colours.push_back(centres[i]);
    palette.shares.push_back(mass[i] / all);
  }
  return palette;
}

}  // namespace yent
