// The bitmaps behind font.h, ordered by code point.
#pragma once

#include <span>

#include "engine/ascii/font.h"

namespace yent {

struct FontEntry {
  char32_t code_point;
  Glyph glyph;
};

std::span<const FontEntry> font_entries();

}  // namespace yent
