// The ASCII filter: a picture becomes a grid of coloured glyphs, and the grid a picture again.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "loaders/image/image.h"

namespace yent {

using Rgb = std::array<uint8_t, 3>;

// What chooses a cell's glyph: its tone, or the shapes in it (shape.h).
enum class GlyphChoice { level, shape };

struct AsciiOptions {
  int columns = 100;       // rows follow from the aspect
  std::u32string charset;  // dark to bright, see charset.h; by shape the order does not matter
  GlyphChoice glyphs = GlyphChoice::level;
  float boost = 2.8f;   // how much brighter glyphs are than the picture, in the dark
  float fill = 0.5f;    // cell colour = min(255, colour * fill)
  bool invert = false;  // dark is light and light is dark to the glyphs: for a light page
  bool colour = true;   // without: light glyphs on black, or dark on white when inverted
};

// The rows that keep the aspect of a width x height picture of this width in cells:
// round(columns * height / width / 2), at least 1: a glyph is twice as tall as wide. Throws a usage
// error for more cells than any terminal or page has use for.
int ascii_rows(int columns, int width, int height);

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
// in y. Its colour is their average; its glyph is number floor(lum * n / 256) of the charset's n,
// with lum = 0.299 R + 0.587 G + 0.114 B of the average, all in integers. Where a picture has fewer
// pixels than cells, neighbours share pixels.
//
// The ground is the colour times `fill`. A glyph is boosted by b / (1 + (b - 1) v), v being its
// largest channel of 1: b times as bright in the dark, less and less towards white. So no channel
// clips, the hue stays, and a mild grey becomes no white. A boost of at most 1 is a plain factor.
//
// Without colour, tones are all there is: they are stretched so that the darkest and the brightest
// hundredth of the cells get the ends of the charset, by a factor of 4 at most.
AsciiArt draw_ascii(const Image& image, const AsciiOptions& options);

// The number of columns that stay readable in a picture of this width: at most `columns`, and at
// most one in five pixels (5x10 is the smallest cell that tells # from @). 512 pixels hold 100
// columns, 256 hold 51.
int readable_columns(int width, int columns);

// Paints the cells on exactly width x height pixels: cell edges lie at floor(x * width / columns),
// so sizes differ by at most one pixel and nothing is cropped or padded. Glyphs keep their sharp
// pixels where a cell is a multiple of 8x16 and are averaged over each pixel's area elsewhere.
Image paint_ascii(const AsciiArt& art, int width, int height);

// Every cell 8x16 pixels times `scale`.
Image paint_ascii(const AsciiArt& art, int scale = 1);

}  // namespace yent
