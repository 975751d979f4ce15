#include "engine/ascii_writer/shape_hash.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>

#include "engine/ascii/font.h"

namespace yent::art {
namespace {

constexpr int kSide = 8;

// In units in which cell i of n covers [8 i, 8 i + 8) and cell g of the grid [n g, n g + n).
int64_t overlap(int i, int n, int g) {
  return std::max(0, std::min((i + 1) * kSide, (g + 1) * n) - std::max(i * kSide, g * n));
}

bool within_tenth(int a, int b) { return std::abs(a - b) * 10 <= std::max(a, b); }

}  // namespace

uint64_t shape_hash(const Drawing& drawing) {
  std::array<int64_t, kSide* kSide> sums = {};
  int64_t total = 0;
  for (int y = 0; y < drawing.height; ++y) {
    for (int x = 0; x < drawing.width; ++x) {
      const char32_t c = drawing.rows[y][x];
      if (c == U' ') continue;
      const int64_t amount = ink(glyph(c));
      for (int gy = y * kSide / drawing.height; gy < kSide; ++gy) {
        const int64_t tall = overlap(y, drawing.height, gy);
        if (tall == 0) break;
        for (int gx = x * kSide / drawing.width; gx < kSide; ++gx) {
          const int64_t wide = overlap(x, drawing.width, gx);
          if (wide == 0) break;
          sums[gy * kSide + gx] += amount * tall * wide;
          total += amount * tall * wide;
        }
      }
    }
  }
  uint64_t hash = 0;
  for (int i = 0; i < kSide * kSide; ++i) {
    if (sums[i] * kSide * kSide > total) hash |= uint64_t{1} << i;
  }
  return hash;
}

bool near(const Outline& a, const Outline& b) {
  return within_tenth(a.width, b.width) && within_tenth(a.height, b.height) &&
         std::popcount(a.hash ^ b.hash) <= kNearBits;
}

}  // namespace yent::art
