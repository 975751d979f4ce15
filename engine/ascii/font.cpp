#include "engine/ascii/font.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "engine/ascii/font_data.h"

namespace yent {

namespace {

// Pixels (x, y) for which `is_set` holds.
template <class Rule>
Glyph drawn(Rule is_set) {
  Glyph g = {};
  for (int y = 0; y < glyph_height; ++y) {
    for (int x = 0; x < glyph_width; ++x) {
      if (is_set(x, y)) g[y] |= static_cast<uint8_t>(0x80 >> x);
    }
  }
  return g;
}

// U+2580 to U+259F: halves, eighths, three shades, quadrants.
Glyph block(char32_t c) {
  constexpr int w = glyph_width, h = glyph_height;
  const int eighths = static_cast<int>(c & 0xF);
  if (c == U'▀') return drawn([](int, int y) { return y < h / 2; });
  if (c <= U'█') return drawn([=](int, int y) { return y >= h - eighths * h / 8; });
  if (c <= U'▏') return drawn([=](int x, int) { return x < (16 - eighths) * w / 8; });
  if (c == U'▐') return drawn([](int x, int) { return x >= w / 2; });
  if (c == U'░') return drawn([](int x, int y) { return x % 2 == 0 && (x / 2 + y) % 2 == 0; });
  if (c == U'▒') return drawn([](int x, int y) { return (x + y) % 2 == 0; });
  if (c == U'▓') return drawn([](int x, int y) { return x % 2 == 0 || (x / 2 + y) % 2 == 0; });
  if (c == U'▔') return drawn([](int, int y) { return y < h / 8; });
  if (c == U'▕') return drawn([](int x, int) { return x >= w - w / 8; });
  // U+2596 on: bit 0 upper left, 1 upper right, 2 lower left, 3 lower right.
  constexpr int quadrants[] = {4, 8, 1, 13, 9, 7, 11, 2, 6, 14};
  const int set = quadrants[c - U'▖'];
  return drawn([=](int x, int y) {
    const int corner = (y < h / 2 ? 0 : 2) + (x < w / 2 ? 0 : 1);
    return (set >> corner & 1) != 0;
  });
}

// U+2800 to U+28FF: dots 1 2 3 and 4 5 6 go down the two columns, 7 and 8 stand below them.
Glyph braille(char32_t c) {
  return drawn([=](int x, int y) {
    constexpr int dots[4][2] = {{0, 3}, {1, 4}, {2, 5}, {6, 7}};
    const bool inside = x % 4 >= 1 && x % 4 <= 2 && y % 4 >= 1 && y % 4 <= 2;
    return inside && (c >> dots[y / 4][x / 4] & 1);
  });
}

std::optional<Glyph> find(char32_t c) {
  if (c >= 0x2580 && c <= 0x259F) return block(c);
  if (c >= 0x2800 && c <= 0x28FF) return braille(c);
  const auto entries = font_entries();
  const auto at = std::ranges::lower_bound(entries, c, {}, &FontEntry::code_point);
  if (at == entries.end() || at->code_point != c) return std::nullopt;
  return at->glyph;
}

Glyph replacement() {
  return drawn([](int x, int y) {
    const bool inside = x >= 1 && x <= 6 && y >= 2 && y <= 11;
    const bool edge = x == 1 || x == 6 || y == 2 || y == 11;
    const bool cross = x == (y + 1) / 2 || x == 7 - (y + 1) / 2;
    return inside && (edge || cross);
  });
}

}  // namespace

Glyph glyph(char32_t code_point) {
  const std::optional<Glyph> found = find(code_point);
  return found ? *found : replacement();
}

bool has_glyph(char32_t code_point) { return find(code_point).has_value(); }

int ink(const Glyph& glyph) {
  int count = 0;
  for (uint8_t row : glyph) count += std::popcount(row);
  return count;
}

}  // namespace yent
