// The compiled-in font: 8x16, bold, so that a PNG looks the same on every machine.
#pragma once

#include <array>
#include <cstdint>

namespace yent {

constexpr int glyph_width = 8, glyph_height = 16;

// Rows from top to bottom; the highest bit of a row is its leftmost pixel.
using Glyph = std::array<uint8_t, glyph_height>;

// ASCII, Latin-1, Cyrillic, box drawing and some punctuation from the font; blocks, shades and
// braille drawn by rule. Anything else gives the replacement glyph, a box with a cross.
Glyph glyph(char32_t code_point);

// Whether `glyph` has a true picture of it. (A space is a picture: an empty one.)
bool has_glyph(char32_t code_point);

// How many of the 128 pixels are set.
int ink(const Glyph& glyph);

}  // namespace yent
