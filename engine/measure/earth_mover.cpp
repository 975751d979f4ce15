// The transport problem by successive shortest paths: while something is left to carry, it takes
// the cheapest way from a colour that has some to one that lacks some, back along what was carried
// before where that is cheaper. Ways are found by Bellman and Ford's algorithm.
#include <algorithm>
#include <cmath>
#include <limits>

#include "engine/measure/palette.h"

namespace yent {
namespace {

constexpr double kNothing = 1e-13;  // shares that rounding leaves over

struct Transport {
  size_t n, m;
  std::vector<double> cost, carried;  // [n][m]
  std::vector<double> left, wanted;   // [n], [m]

  struct Way {
    std::vector<double> far;        // of the n sources, then the m sinks
    std::vector<ptrdiff_t> before;  // the node from which it is reached, or -1
  };

  Way shortest() const {
    constexpr double unreached = std::numeric_limits<double>::infinity();
    Way way{std::vector<double>(n + m, unreached), std::vector<ptrdiff_t>(n + m, -1)};
    for (size_t i = 0; i < n; ++i) {
      if (left[i] > kNothing) way.far[i] = 0;
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t i = 0; i < n; ++i) {
        for (size_t j = 0; j < m; ++j) {
          const double c = cost[i * m + j];
          changed |= relax(way, i, n + j, c);
          if (carried[i * m + j] > kNothing) changed |= relax(way, n + j, i, -c);
        }
      }
    }
    return way;
  }

  static bool relax(Way& way, size_t from, size_t to, double c) {
    if (!(way.far[from] + c < way.far[to] - 1e-12)) return false;
    way.far[to] = way.far[from] + c;
    way.before[to] = static_cast<ptrdiff_t>(from);
    return true;
  }

  // Carries as much as one way can; false where nothing is left.
  bool carry() {
    const Way way = shortest();
    size_t sink = m;
    for (size_t j = 0; j < m; ++j) {
      if (wanted[j] > kNothing && (sink == m || way.far[n + j] < way.far[n + sink])) sink = j;
    }
    if (sink == m || !std::isfinite(way.far[n + sink])) return false;
    double amount = wanted[sink];
    size_t at = n + sink;
    for (; way.before[at] >= 0; at = way.before[at]) {
      if (at < n) amount = std::min(amount, carried[at * m + (way.before[at] - n)]);
    }
    amount = std::min(amount, left[at]);
    left[at] -= amount;
    wanted[sink] -= amount;
    for (at = n + sink; way.before[at] >= 0; at = way.before[at]) {
      const auto from = static_cast<size_t>(way.before[at]);
      if (at < n) {
        carried[at * m + (from - n)] -= amount;
      } else {
        carried[from * m + (at - n)] += amount;
      }
    }
    return true;
  }
};

}  // namespace

std::optional<double> earth_mover(const Palette& from, const Palette& to) {
  Transport t{.n = from.colours.size(),
              .m = to.colours.size(),
              .cost = {},
              .carried = {},
              .left = from.shares,
              .wanted = to.shares};
  if (t.n == 0 || t.m == 0) return {};
  for (const LabColour& a : from.colours) {
    for (const LabColour& b : to.colours) {
      t.cost.push_back(std::sqrt((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1]) +
                                 (a[2] - b[2]) * (a[2] - b[2])));
    }
  }
  t.carried.resize(t.cost.size());
  while (t.carry()) {
  }
  double total = 0;
  for (size_t i = 0; i < t.cost.size(); ++i) total += t.cost[i] * t.carried[i];
  return total;
}

}  // namespace yent
