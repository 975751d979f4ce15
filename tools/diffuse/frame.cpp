#include "tools/diffuse/frame.h"

#include <algorithm>
#include <array>

#include "engine/ascii/font.h"
#include "loaders/io/utf8.h"

namespace yent::diffuse {
namespace {

using Colour = std::array<uint8_t, 3>;

constexpr Colour kPaper{16, 18, 24}, kInk{226, 228, 232}, kFaint{84, 92, 112}, kTitle{240, 190, 90};

bool is_faint(char32_t c) { return c == kMaskedCell || c == kNewline || c == kLivingCell; }

// The font lacks these two.
Glyph glyph_of(char32_t c) {
  if (c == kLivingCell) {
    Glyph square = {};
    std::fill(square.begin() + 5, square.begin() + 12, uint8_t{0x7E});
    return square;
  }
  if (c == kNewline) {
    return {0, 0, 0, 0, 0, 0x02, 0x02, 0x12, 0x32, 0x7E, 0x30, 0x10, 0, 0, 0, 0};
  }
  return glyph(c);
}

void draw(Image& image, int column, int row, char32_t c, const Colour& ink) {
  const Glyph g = glyph_of(c);
  for (int y = 0; y < glyph_height; ++y) {
    for (int x = 0; x < glyph_width; ++x) {
      if ((g[y] >> (7 - x) & 1) == 0) continue;
      std::copy(ink.begin(), ink.end(),
                image.pixel(column * glyph_width + x, row * glyph_height + y));
    }
  }
}

std::u32string_view cut(std::u32string_view row, int columns) {
  return row.substr(0, static_cast<size_t>(std::max(columns, 0)));
}

}  // namespace

char32_t shown_as(int32_t id, char32_t newline) {
  if (id == '\n') return newline;
  if (id == '\t') return ' ';
  return id < ' ' || id >= 127 ? 0xB7 : static_cast<char32_t>(id);
}

std::string plain_text(const Frame& frame) {
  std::string text = frame.title + "\n";
  for (const std::u32string& row : frame.rows) text += encode_utf8(row) + "\n";
  return text;
}

std::string terminal_text(const Frame& frame, int columns, int rows) {
  const std::string end = "\033[K\r\n";
  std::string text = "\033[H\033[1m" + frame.title.substr(0, columns) + "\033[0m" + end;
  const size_t room = static_cast<size_t>(std::max(rows - 1, 1));
  const size_t first = frame.rows.size() - std::min(frame.rows.size(), room);
  for (size_t i = first; i < frame.rows.size(); ++i) {
    bool faint = false;
    for (const char32_t c : cut(frame.rows[i], columns)) {
      if (is_faint(c) != faint) text += (faint = !faint) ? "\033[2m" : "\033[0m";
      text += encode_utf8(std::u32string_view(&c, 1));
    }
    if (faint) text += "\033[0m";
    // No newline behind the last row: the terminal would scroll.
    text += i + 1 < frame.rows.size() ? end : "\033[K";
  }
  return text + "\033[J";
}

Image picture(const Frame& frame, int columns, int rows) {
  Image image(columns * glyph_width, rows * glyph_height);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = kPaper[i % 3];
  const std::u32string title = decode_utf8(frame.title);
  for (size_t x = 0; x < std::min<size_t>(title.size(), columns); ++x) {
    draw(image, static_cast<int>(x), 0, title[x], kTitle);
  }
  for (size_t y = 0; y < std::min<size_t>(frame.rows.size(), rows - 1); ++y) {
    const std::u32string_view row = cut(frame.rows[y], columns);
    for (size_t x = 0; x < row.size(); ++x) {
      draw(image, static_cast<int>(x), static_cast<int>(y) + 1, row[x],
           is_faint(row[x]) ? kFaint : kInk);
    }
  }
  return image;
}

}  // namespace yent::diffuse
