// The grids of quantization: which values a number may take, and to which of them it is rounded.
// This is the only place of their formulas; the CPU and CUDA call the same functions, so that both
// give the same bits.
//
// Numbers are quantized in groups that share a scale. a is the magnitude that gets the last level:
// element ceil(clip n / 100) of the n sorted magnitudes of the group, or clip_abs where it is set.
// b is `bits`, [v] the rounding.
//
//   linear, symmetric  L = 2^(b-1) - 1, scale = a / L, code = clamp([v / scale], -L, L),
//                      value = scale code
//   linear, affine     lo = min(0, max(least, -a)), hi = max(0, min(greatest, a)), N = 2^b - 1,
//                      scale = (hi - lo) / N, zero = nearest(-lo / (hi - lo) N),
//                      code = clamp([v / scale] + zero, 0, N), value = scale (code - zero).
//                      0 has the code `zero`, so the padding of a convolution is on the grid
//   log                the levels 0 and +-a 2^-e, e = 0 .. 2^(b-1) - 2
//   kmeans             2^b centres: magnitudes are divided by a and rounded to 1/4096, centres
//                      begin evenly between the least and the greatest, 16 rounds of Lloyd's
//                      algorithm (ties to the lower centre, an empty one stays)
//   ternary            -A, 0, A: |v| > t = 0.7 mean |v| is not 0, A = mean of those |v| (Li, Zhang
//                      and Liu 2016)
//   binary             -A, A by the sign, 0 is A; A = mean |v| (Rastegari et al. 2016)
//
// Roundings between the levels around v: nearest (linear: ties to the even code; log and kmeans:
// to the lower level), floor, ceil, zero (toward it), stochastic: up with the probability of the
// place between them, for linear floor(x + u). u is a hash of seed, layer and index.
//
// Then value gain. A group that holds a number which is not finite stays as it is; one whose scale
// is below 1e-37 becomes zeros.
#pragma once

#include "kernels/quantize/quant_grid.h"

namespace yent {

// What a group's numbers say of it; the order in which they are read changes no bit.
struct GroupFacts {
  float least = 0, greatest = 0;
  float clipped = 0;  // a
  int64_t count = 0;
  int64_t magnitudes = 0;              // sum of round(|v| / a 2^20), |v| at most a
  int64_t large = 0, large_count = 0;  // the same of those above the threshold
};

// A group's grid, ready to round to.
struct GroupGrid {
  float scale = 0, zero = 0, lowest = 0, highest = 0;  // linear
  float level = 0, threshold = 0;                      // ternary, binary
  float magnitude = 0;                                 // a
  int levels = 0;                                      // of a table
};

constexpr int kMostLevels = 256;
constexpr int kBins = 2 * 4096 + 1;  // of a k-means histogram
constexpr int kLloydRounds = 16;
constexpr float kFixed = 1 << 20;

// ---- Rounding ----------------------------------------------------------------------------------

constexpr float nearest(float v) {   // half to even
  constexpr float shift = 12582912;  // 1.5 * 2^23: an f32 around it has no fraction
  if (!(v > -4194304.0f && v < 4194304.0f)) return v;
  return (v + shift) - shift;
}
constexpr float floor_of(float v) {
  const float r = nearest(v);
  return r > v ? r - 1 : r;
}
constexpr float ceil_of(float v) {
  const float r = nearest(v);
  return r < v ? r + 1 : r;
}
constexpr float magnitude_of(float v) { return v < 0 ? -v : v; }
constexpr float clamp_to(float v, float low, float high) {
  return v < low ? low : v > high ? high : v;
}

// SplitMix64's finalizer (Steele, Lea and Flood 2014): every bit depends on every other.
constexpr uint64_t scramble(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// u: a number in [0, 1), the same for the same noise and index on every machine.
constexpr float chance(uint64_t noise, uint64_t index) {
  const uint64_t bits = scramble(noise + index * 0x9e3779b97f4a7c15u) >> 40;
  return static_cast<float>(static_cast<uint32_t>(bits)) * (1.0f / (1 << 24));
}

constexpr float rounded(float v, Round round, float u) {
  switch (round) {
    case Round::nearest:
      return nearest(v);
    case Round::floor:
      return floor_of(v);
    case Round::ceil:
      return ceil_of(v);
    case Round::zero:
      return v < 0 ? ceil_of(v) : floor_of(v);
    case Round::stochastic:
      return floor_of(v + u);
  }
  return v;
}

// ---- The grid of a group -----------------------------------------------------------------------

// The 1-based rank of the magnitude that gets the last level.
constexpr int64_t clip_rank(int64_t count, float percent) {
  const double exact = static_cast<double>(count) * static_cast<double>(percent) / 100;
  const auto whole = static_cast<int64_t>(exact);
  const int64_t rank = static_cast<double>(whole) < exact ? whole + 1 : whole;
  return rank < 1 ? 1 : rank > count ? count : rank;
}

constexpr int64_t fixed(float v, float a) {
  const float m = magnitude_of(v);
  return static_cast<int64_t>(nearest((m < a ? m : a) / a * kFixed));
}
constexpr int bin_of(float v, float a) {
  return static_cast<int>(nearest(clamp_to(v, -a, a) / a * 4096)) + 4096;
}

constexpr float ternary_threshold(const GroupFacts& f) {
  const double mean = static_cast<double>(f.magnitudes) / static_cast<double>(f.count);
  return static_cast<float>(0.7 * mean) * (f.clipped / kFixed);
}

constexpr float mean_magnitude(int64_t sum, int64_t count, float a) {
  if (count == 0) return 0;
  return static_cast<float>(static_cast<double>(sum) / static_cast<double>(count)) * (a / kFixed);
}

// All but the tables. The facts must have what the codebook reads.
constexpr GroupGrid group_grid(const QuantGrid& g, const GroupFacts& f) {
  GroupGrid s;
  const float a = f.clipped;
  s.magnitude = a;
  if (g.codebook == Codebook::binary) s.level = mean_magnitude(f.magnitudes, f.count, a);
  if (g.codebook == Codebook::ternary) {
    s.threshold = ternary_threshold(f);
    s.level = mean_magnitude(f.large, f.large_count, a);
  }
  s.scale = a;
  if (g.codebook != Codebook::linear) return s;
  if (!g.affine) {
    s.highest = static_cast<float>((1 << (g.bits - 1)) - 1);
    s.lowest = -s.highest;
    s.scale = a / s.highest;
    return s;
  }
  const float lo = clamp_to(f.least, -a, 0), hi = clamp_to(f.greatest, 0, a), range = hi - lo;
  s.highest = static_cast<float>((1 << g.bits) - 1);
  s.scale = range / s.highest;
  if (range > 0) s.zero = nearest(-lo / range * s.highest);
  return s;
}

// Ascending levels of a log codebook; returns their number.
constexpr int log_levels(int bits, float a, float* levels) {
  const int side = (1 << (bits - 1)) - 1;
  levels[side] = 0;
  float level = a;
  for (int e = 0; e < side; ++e, level *= 0.5f) {
    if (level < 1e-37f) level = 0;  // some devices flush what comes below
    levels[2 * side - e] = level;
    levels[e] = -level;
  }
  return 2 * side + 1;
}

// A histogram of bins: those that have numbers, or all of them.
struct Bins {
  const int* bins;  // ascending; null: all
  const int* counts;
  int size;

  constexpr int bin(int i) const { return (bins ? bins[i] : i) - kBins / 2; }
};

// Lloyd's algorithm. `centres` is room for kMostLevels numbers. Returns the number of levels.
constexpr int kmeans_levels(int bits, float a, const Bins& b, double* centres, float* levels) {
  const int k = 1 << bits;
  int first = 0, last = b.size - 1;
  while (b.counts[first] == 0) ++first;
  while (b.counts[last] == 0) --last;
  const double least = b.bin(first), span = b.bin(last) - b.bin(first);
  for (int i = 0; i < k; ++i) centres[i] = k > 1 ? least + span * i / (k - 1) : least;
  for (int round = 0; round < kLloydRounds; ++round) {
    int at = 0;
    for (int i = 0; i < k; ++i) {
      int64_t sum = 0, count = 0;
      const double middle = i + 1 < k ? (centres[i] + centres[i + 1]) * 0.5 : 0;
      for (; at < b.size && (i + 1 == k || b.bin(at) <= middle); ++at) {
        sum += static_cast<int64_t>(b.counts[at]) * b.bin(at);
        count += b.counts[at];
      }
      if (count > 0) centres[i] = static_cast<double>(sum) / static_cast<double>(count);
    }
  }
  for (int i = 0; i < k; ++i) levels[i] = static_cast<float>(centres[i]) * (a / 4096);
  return k;
}

// ---- A number ----------------------------------------------------------------------------------

// The last of the levels that is not above v, or 0.
constexpr int level_below(const float* levels, int count, float v) {
  int low = 0, high = count - 1;
  while (low < high) {
    const int middle = (low + high + 1) / 2;
    if (levels[middle] <= v) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

// The code of v in a table of levels.
constexpr int table_code(const float* levels, int count, Round round, float v, float u) {
  const int below = level_below(levels, count, v);
  const float low = levels[below];
  if (v <= low || below + 1 == count) return below;  // on a level, or outside
  const float high = levels[below + 1];
  switch (round) {
    case Round::nearest:
      return high - v < v - low ? below + 1 : below;
    case Round::floor:
      return below;
    case Round::ceil:
      return below + 1;
    case Round::zero:
      return magnitude_of(high) < magnitude_of(low) ? below + 1 : below;
    case Round::stochastic:
      return u < (v - low) / (high - low) ? below + 1 : below;
  }
  return below;
}

// The value of v on its group's grid. `levels` are those of a table; `index` is v's among all.
constexpr float quantized(const QuantGrid& g, const GroupGrid& s, const float* levels, float v,
                          uint64_t index) {
  const float u = g.round == Round::stochastic ? chance(g.noise, index) : 0;
  if (!(s.scale >= 1e-37f)) return 0;
  switch (g.codebook) {
    case Codebook::linear: {
      const float code = clamp_to(rounded(v / s.scale, g.round, u) + s.zero, s.lowest, s.highest);
      return s.scale * (code - s.zero) * g.gain;
    }
    case Codebook::log:
    case Codebook::kmeans:
      return levels[table_code(levels, s.levels, g.round, v, u)] * g.gain;
    case Codebook::ternary:
      return magnitude_of(v) > s.threshold ? (v < 0 ? -s.level : s.level) * g.gain : 0;
    case Codebook::binary:
      return (v < 0 ? -s.level : s.level) * g.gain;
  }
  return v;
}

// The place of that value among the grid's codes, 0 for the least. The scale must not be 0.
constexpr int code_of(const QuantGrid& g, const GroupGrid& s, const float* levels, float v,
                      uint64_t index) {
  const float u = g.round == Round::stochastic ? chance(g.noise, index) : 0;
  switch (g.codebook) {
    case Codebook::linear:
      return static_cast<int>(
          clamp_to(rounded(v / s.scale, g.round, u) + s.zero, s.lowest, s.highest) - s.lowest);
    case Codebook::log:
    case Codebook::kmeans:
      return table_code(levels, s.levels, g.round, v, u);
    case Codebook::ternary:
      return magnitude_of(v) > s.threshold ? (v < 0 ? 0 : 2) : 1;
    case Codebook::binary:
      return v < 0 ? 0 : 1;
  }
  return 0;
}

}  // namespace yent
