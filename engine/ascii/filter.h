// The ASCII filter: a picture becomes a grid of coloured glyphs, and the grid a picture again.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "loaders/image/image.h"

namespace yent {

using Rgb = std::array<uint8_t, 3>;

struct AsciiOptions {
  int columns = 100;       // 1 to the picture's width; rows follow from the aspect
  std::u32string charset;  // dark to bright, see charset.h
  float boost = 2.8f;      // glyph colour = min(255, colour * boost)
  float fill = 0.5f;       // cell colour = min(255, colour * fill)
  bool invert = false;     // the charset from bright to dark: for dark ink on a light page
  bool colour = true;      // without: light glyphs on black, or dark on white when inverted
};

struct AsciiCell {
  char32_t glyph = U' ';
  Rgb ink = {}, paper = {};

  bool operator==(const AsciiCell&) const = default;
};

// Row by row, columns * rows cells.
struct AsciiArt {
  int columns = 0, rows = 0;
  bool colour = true;
  std::vector<AsciiCell> cells;

  const AsciiCell& at(int column, int row) const {
    return cells[static_cast<size_t>(row) * columns + column];
  }
};

// One cell stands for the pixels from floor(x W / columns) to floor((x + 1) W / columns), likewise
// in y, with rows = round(columns * H / W / 2), at least 1: a glyph is twice as tall as wide. Its
// colour is their average; its glyph is number floor(lum * n / 256) of the charset's n, with
// lum = 0.299 R + 0.587 G + 0.114 B of the average, all in integers. Where a picture has fewer
// pixels than cells, neighbours share pixels.
AsciiArt draw_ascii(const Image& image, const AsciiOptions& options);

// The number of columns that stay readable in a picture of this width: at most `columns`, and at
// most one in five pixels (5x10 is the smallest cell that tells # from @). 512 pixels hold 100
// columns, 256 hold 51.
int readable_columns(int width, int columns);

// Paints the cells on exactly width x height pixels: cell edges lie at floor(x * width / columns),
// so sizes differ by at most one pixel and nothing is cropped or padded. Glyphs keep their sharp
// pixels where a cell is a multiple of 8x16 and are averaged over each pixel's area elsewhere.
Image paint_ascii(const AsciiArt& art, int width, int height);

}  // namespace yent
