// Glyphs chosen by their shape. A cell has six zones, two side by side and three one below the
// other; six numbers, the light in each zone, are the cell's shape. A glyph's own six are the ink
// of its bitmap there. The nearest glyph (Euclidean) stands for the cell, so that outlines are
// drawn along their direction: by / \ | _ and whatever else the font has.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "loaders/image/image.h"

namespace yent {

// Light of 0 to 255 in the zones: upper left, upper right, middle left, ... lower right. The zones
// of the left stand one pixel of the font lower than those of the right, so that the two halves of
// a symmetric glyph differ in what they tell.
using Shape = std::array<uint8_t, 6>;

// The shapes of all cells, row by row. Where a zone is smaller than a pixel, or cuts pixels, it
// takes its share of them. `tones[luminance]` is the light of a pixel.
std::vector<Shape> shapes_of(const Image& image, int columns, int rows,
                             const std::array<uint8_t, 256>& tones);

// Makes edges plainer, in place. Each zone is compared with the brightest of itself and of the
// zones that touch it in other cells: the darker side of an edge sinks further (directional
// contrast), to the square of its share. Then each is compared with the brightest of its own cell
// (contrast), with the exponent 1.5.
void sharpen(std::vector<Shape>& shapes, int columns, int rows);

// A set of glyphs by shape; two glyphs of one shape count as the first. Threads may share it.
class ShapeTable {
 public:
  explicit ShapeTable(std::u32string_view glyphs);
  char32_t nearest(const Shape& shape) const;

 private:
  std::u32string glyphs_;
  std::vector<std::array<float, 6>> shapes_;  // whole numbers, so that distances are exact
};

}  // namespace yent
