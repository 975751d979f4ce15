// Pictures as they are sent: cells of characters, and small pictures.
#pragma once

#include <string>

#include "engine/ascii/filter.h"
#include "loaders/image/image.h"
#include "loaders/io/json.h"

namespace yent::server {

// Columns, rows, a text for each row, and the colours of glyphs and grounds, three bytes a cell.
Json cells_json(const AsciiArt& art);

// A picture in characters, as every visitor sees it.
Json cells_json(const Image& image, int columns, const std::string& charset);

// A PNG in base64, at most `side` pixels along one side.
std::string small_png(const Image& image, int side);
Image at_most(const Image& image, int side);

}  // namespace yent::server
