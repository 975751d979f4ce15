// Rounding to grids against their formulas in f64, and the same bits on every instruction set.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/error.h"
#include "kernels/quantize/grid_formulas.h"
#include "kernels/quantize/quantize.h"
#include "kernels/ref/ref_backend.h"
#include "tests/support/arena.h"
#include "tests/support/every_isa.h"
#include "tests/support/values.h"

using namespace yent;

namespace {

using Values = std::vector<float>;
using Doubles = std::vector<double>;

double round_f64(double v, Round round, double u) {
  switch (round) {
    case Round::nearest:
      return std::nearbyint(v);
    case Round::floor:
      return std::floor(v);
    case Round::ceil:
      return std::ceil(v);
    case Round::zero:
      return std::trunc(v);
    case Round::stochastic:
      return std::floor(v + u);
  }
  return v;
}

// The magnitude with the last level, by sorting.
double clip_f64(const QuantGrid& g, const Doubles& x) {
  if (g.clip_abs > 0) return g.clip_abs;
  Doubles sorted;
  for (const double v : x) sorted.push_back(std::fabs(v));
  std::ranges::sort(sorted);
  const auto rank =
      static_cast<size_t>(std::ceil(static_cast<double>(sorted.size()) * g.clip / 100));
  return sorted[std::max<size_t>(rank, 1) - 1];
}

double mean_of(const Doubles& x) {
  return x.empty() ? 0 : std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
}

Doubles linear_f64(const QuantGrid& g, const Doubles& x, const Doubles& u) {
  const double a = clip_f64(g, x), levels = std::pow(2, g.bits - 1) - 1, most = 2 * levels + 1;
  double scale = a / levels, zero = 0, low = -levels, high = levels;
  if (g.affine) {
    const double least = std::min(0.0, std::max(std::ranges::min(x), -a));
    const double greatest = std::max(0.0, std::min(std::ranges::max(x), a));
    scale = (greatest - least) / most;
    zero = std::nearbyint(-least / (greatest - least) * most);
    low = 0, high = most;
  }
  Doubles y;
  for (size_t i = 0; i < x.size(); ++i) {
    const double code = std::clamp(round_f64(x[i] / scale, g.round, u[i]) + zero, low, high);
    y.push_back(scale * (code - zero));
  }
  return y;
}

Doubles ternary_f64(const QuantGrid& g, const Doubles& x) {
  const double a = clip_f64(g, x);
  Doubles all, large, y;
  for (const double v : x) all.push_back(std::min(std::fabs(v), a));
  const double threshold = 0.7 * mean_of(all);
  for (const double v : x) {
    if (std::fabs(v) > threshold) large.push_back(std::min(std::fabs(v), a));
  }
  for (const double v : x)
    y.push_back(std::fabs(v) > threshold ? std::copysign(mean_of(large), v) : 0);
  return y;
}

Doubles binary_f64(const QuantGrid& g, const Doubles& x) {
  const double a = clip_f64(g, x);
  Doubles all, y;
  for (const double v : x) all.push_back(std::min(std::fabs(v), a));
  for (const double v : x) y.push_back(v < 0 ? -mean_of(all) : mean_of(all));
  return y;
}

// Lloyd's algorithm on the numbers themselves, in steps of a / 4096.
Doubles kmeans_levels_f64(const QuantGrid& g, const Doubles& x) {
  const double a = clip_f64(g, x);
  Doubles steps;
  for (const double v : x) steps.push_back(std::nearbyint(std::clamp(v, -a, a) / a * 4096));
  const size_t k = size_t{1} << g.bits;
  const double least = std::ranges::min(steps), span = std::ranges::max(steps) - least;
  Doubles centres;
  for (size_t i = 0; i < k; ++i)
    centres.push_back(least + span * static_cast<double>(i) / (k - 1.0));
  for (int round = 0; round < 16; ++round) {
    std::vector<Doubles> members(k);
    for (const double s : steps) {
      size_t best = 0;
      for (size_t i = 1; i < k; ++i) {
        if (std::fabs(s - centres[i]) < std::fabs(s - centres[best])) best = i;
      }
      members[best].push_back(s);
    }
    for (size_t i = 0; i < k; ++i) {
      if (!members[i].empty()) centres[i] = mean_of(members[i]);
    }
  }
  for (double& c : centres) c *= a / 4096;
  return centres;
}

Doubles log_levels_f64(const QuantGrid& g, const Doubles& x) {
  Doubles levels{0};
  for (int e = 0; e < (1 << (g.bits - 1)) - 1; ++e) {
    levels.push_back(clip_f64(g, x) * std::pow(2, -e));
    levels.push_back(-levels.back());
  }
  std::ranges::sort(levels);
  return levels;
}

Doubles table_f64(const QuantGrid& g, const Doubles& levels, const Doubles& x, const Doubles& u) {
  Doubles y;
  for (size_t i = 0; i < x.size(); ++i) {
    const double v = std::clamp(x[i], levels.front(), levels.back());
    const auto above = std::ranges::lower_bound(levels, v);
    if (*above == v || above == levels.begin()) {
      y.push_back(*above);
      continue;
    }
    const double high = *above, low = *(above - 1), place = (v - low) / (high - low);
    const bool up = g.round == Round::nearest ? place > 0.5
                    : g.round == Round::floor ? false
                    : g.round == Round::ceil  ? true
                    : g.round == Round::zero  ? std::fabs(high) < std::fabs(low)
                                              : u[i] < place;
    y.push_back(up ? high : low);
  }
  return y;
}

Doubles quantize_f64(const QuantGrid& g, const Doubles& x, const Doubles& u) {
  Doubles y;
  switch (g.codebook) {
    case Codebook::linear:
      y = linear_f64(g, x, u);
      break;
    case Codebook::log:
      y = table_f64(g, log_levels_f64(g, x), x, u);
      break;
    case Codebook::kmeans:
      y = table_f64(g, kmeans_levels_f64(g, x), x, u);
      break;
    case Codebook::ternary:
      y = ternary_f64(g, x);
      break;
    case Codebook::binary:
      y = binary_f64(g, x);
      break;
  }
  for (double& v : y) v *= g.gain;
  return y;
}

// [rows, columns] by their groups.
Doubles grouped_f64(const QuantGrid& g, const Values& x, size_t rows, size_t columns,
                    size_t image_rows) {
  const size_t tall = g.sharing == Sharing::tensor  ? rows
                      : g.sharing == Sharing::image ? image_rows
                                                    : 1;
  const size_t wide = g.sharing == Sharing::group ? static_cast<size_t>(g.group) : columns;
  Doubles y(x.size());
  for (size_t r0 = 0; r0 < rows; r0 += tall) {
    for (size_t c0 = 0; c0 < columns; c0 += wide) {
      std::vector<size_t> at;
      for (size_t r = r0; r < r0 + tall; ++r) {
        for (size_t c = c0; c < std::min(c0 + wide, columns); ++c) at.push_back(r * columns + c);
      }
      Doubles group, u;
      for (const size_t i : at) {
        group.push_back(x[i]);
        u.push_back(chance(g.noise, i));
      }
      const Doubles out = quantize_f64(g, group, u);
      for (size_t i = 0; i < at.size(); ++i) y[at[i]] = out[i];
    }
  }
  return y;
}

// How many numbers differ from the formula: where f32 and f64 fall on two sides of a boundary, as
// the greatest number of a group does that is rounded down, or the middle of two clusters.
size_t flips(const QuantGrid& g, const Values& x, const Values& y, const Doubles& expected) {
  double greatest = std::fabs(g.clip_abs);
  for (const float v : x) greatest = std::max(greatest, std::fabs(static_cast<double>(v)));
  size_t count = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    count += std::fabs(y[i] - expected[i]) > 2e-6 * greatest * std::max(1.0f, std::fabs(g.gain));
  }
  return count;
}

struct Case {
  QuantGrid grid;
  std::string name;
};

std::vector<Case> all_grids() {
  std::vector<Case> cases;
  const auto add = [&](QuantGrid g) {
    g.noise = 77;
    for (const Round round :
         {Round::nearest, Round::floor, Round::ceil, Round::zero, Round::stochastic}) {
      g.round = round;
      for (const Sharing sharing :
           {Sharing::tensor, Sharing::image, Sharing::row, Sharing::group}) {
        g.sharing = sharing;
        g.group = sharing == Sharing::group ? 24 : 0;
        cases.push_back({g, fmt::format("codebook {} bits {} affine {} round {} sharing {}",
                                        static_cast<int>(g.codebook), g.bits, g.affine,
                                        static_cast<int>(round), static_cast<int>(sharing))});
      }
      if (g.codebook == Codebook::ternary || g.codebook == Codebook::binary) break;
    }
  };
  for (const int bits : {2, 4, 8}) {
    add({.bits = bits});
    add({.bits = bits, .affine = 1, .clip = 98});
    add({.bits = bits, .codebook = Codebook::log});
  }
  add({.bits = 1, .affine = 1});
  add({.bits = 1, .codebook = Codebook::kmeans});
  add({.bits = 3, .codebook = Codebook::kmeans, .clip = 99});
  add({.codebook = Codebook::ternary, .clip = 95, .gain = -0.5f});
  add({.codebook = Codebook::binary});
  add({.bits = 4, .clip_abs = 1.25f, .gain = 1.5f});
  return cases;
}

constexpr Shape kShape{3, 2, 5, 70};

Values numbers(unsigned seed) {
  Values x = normals(kShape.count(), seed, 0.4f);
  for (size_t i = 0; i < x.size(); i += 37) x[i] = 0;
  return x;
}

Tensor floats(Values& values, Shape shape) { return {values.data(), shape, shape.c, DType::f32}; }

Values rounded_by(Backend& backend, const QuantGrid& g, Values x, const QuantMix& mix = {}) {
  Values y(x.size());
  TestArena arena;
  Tensor whole = floats(x, kShape);
  const ConcatView halves(whole.cols(0, 33), whole.cols(33, kShape.c - 33));  // one of two buffers
  backend.quantize(arena, floats(y, kShape), halves, g, mix);
  return y;
}

}  // namespace

TEST_CASE("quantize: every grid is its formula in f64") {
  const auto ref = make_ref_backend();
  size_t flipped = 0, total = 0;
  for (const Case& c : all_grids()) {
    CAPTURE(c.name);
    const Values x = numbers(static_cast<unsigned>(total));
    const Values y = rounded_by(*ref, c.grid, x);
    const size_t count =
        flips(c.grid, x, y, grouped_f64(c.grid, x, kShape.rows(), kShape.c, kShape.rows() / 3));
    CHECK(count <= x.size() / 60);
    flipped += count;
    total += x.size();
  }
  INFO(flipped, " of ", total, " numbers on the other side of a boundary");
  CHECK(flipped <= total / 1000);
}

TEST_CASE("quantize: the same bits on every instruction set and with any number of threads") {
  const auto ref = make_ref_backend();
  for (const Case& c : all_grids()) {
    CAPTURE(c.name);
    const Values x = numbers(3), expected = rounded_by(*ref, c.grid, x);
    on_every_isa([&](Backend& backend) { CHECK(rounded_by(backend, c.grid, x) == expected); });
  }
}

TEST_CASE("quantize: a share of the grid, another tensor, a residual") {
  const QuantGrid g{.bits = 3};
  const Values x = numbers(1);
  Values other = numbers(2), residual = numbers(4);
  const auto check = [&](Backend& backend) {
    const Values q = rounded_by(backend, g, x);
    const Values with_x = rounded_by(backend, g, x, {.share = 0.25f});
    const QuantMix mix{
        .share = 0.25f, .other = floats(other, kShape), .residual = floats(residual, kShape)};
    const Values with_other = rounded_by(backend, g, x, mix);
    const Values added = rounded_by(backend, g, x, {.residual = floats(residual, kShape)});
    for (size_t i = 0; i < x.size(); ++i) {
      REQUIRE(with_x[i] == 0.25f * q[i] + 0.75f * x[i]);
      REQUIRE(with_other[i] == residual[i] + (0.25f * q[i] + 0.75f * other[i]));
      REQUIRE(added[i] == residual[i] + q[i]);
    }
  };
  check(*make_ref_backend());
  on_every_isa(check);
}

TEST_CASE("quantize: zero is on an affine grid, so that padding is") {
  for (const float mean : {-3.0f, 0.2f, 3.0f}) {
    Values x = normals(64, 5, mean);
    x[7] = 0;
    for (int bits = 1; bits <= 8; ++bits) {
      Values y = x;
      quantize_rows({.bits = bits, .affine = 1}, {y.data(), 1, 64, 64, 1});
      CHECK(y[7] == 0);
    }
  }
}

TEST_CASE("quantize: what is not finite stays, and its group; nothing but zeros stays zero") {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const Codebook codebook :
       {Codebook::linear, Codebook::log, Codebook::kmeans, Codebook::ternary, Codebook::binary}) {
    const QuantGrid g{.bits = 2, .codebook = codebook};
    Values x{1.25f, nan, 3, 0.5f, 0, 0};
    quantize_rows(g, {x.data(), 3, 2, 2, 3});
    CHECK(x[0] == 1.25f);
    CHECK(std::isnan(x[1]));
    CHECK(x[2] != 0);
    CHECK(x[4] == 0);
    CHECK(x[5] == 0);
  }
}
