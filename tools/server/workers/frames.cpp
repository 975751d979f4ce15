#include "tools/server/workers/frames.h"

#include <algorithm>

#include "engine/ascii/charset.h"
#include "loaders/io/base64.h"
#include "loaders/io/utf8.h"

namespace yent::server {

Json cells_json(const AsciiArt& art) {
  Json text = Json::array();
  std::vector<uint8_t> ink, paper;
  ink.reserve(art.cells.size() * 3);
  paper.reserve(art.cells.size() * 3);
  for (int row = 0; row < art.rows; ++row) {
    std::u32string line;
    for (int column = 0; column < art.columns; ++column) {
      const AsciiCell& cell = art.at(column, row);
      line += cell.glyph;
      ink.insert(ink.end(), cell.ink.begin(), cell.ink.end());
      paper.insert(paper.end(), cell.paper.begin(), cell.paper.end());
    }
    text.push_back(encode_utf8(line));
  }
  Json cells = Json::object();
  cells["columns"] = art.columns;
  cells["rows"] = art.rows;
  cells["text"] = std::move(text);
  cells["ink"] = to_base64(ink);
  cells["paper"] = to_base64(paper);
  return cells;
}

Json cells_json(const Image& image, int columns, const std::string& charset) {
  return cells_json(draw_ascii(image, {.columns = columns, .charset = charset_from(charset)}));
}

Image at_most(const Image& image, int side) {
  const int longest = std::max(image.width, image.height);
  if (longest <= side) return image;
  const auto scaled = [&](int length) { return std::max(1, length * side / longest); };
  return resize(image, scaled(image.width), scaled(image.height), Resampling::bicubic);
}

std::string small_png(const Image& image, int side) {
  return to_base64(encode_png(at_most(image, side)));
}

}  // namespace yent::server
