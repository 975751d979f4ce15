// Pictures in, characters out: the engine's ASCII filter for the corpus, many pictures a process.
// A request is a line "WIDTH HEIGHT COLUMNS shape|level CHARSET" and the RGB bytes; the answer is
// a line with the number of rows, and the rows.
#include <iostream>
#include <sstream>
#include <string>

#include "engine/ascii/charset.h"
#include "engine/ascii/filter.h"
#include "loaders/io/utf8.h"

int main() {
  using namespace yent;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    int width = 0, height = 0;
    AsciiOptions options;
    std::string choice, charset;
    words >> width >> height >> options.columns >> choice >> std::ws;
    std::getline(words, charset);
    Image image(width, height);
    std::cin.read(reinterpret_cast<char*>(image.pixel(0, 0)),
                  static_cast<std::streamsize>(width) * height * 3);
    options.charset = charset_from(charset);
    options.glyphs = choice == "shape" ? GlyphChoice::shape : GlyphChoice::level;
    options.colour = false;
    const AsciiArt art = draw_ascii(image, options);
    std::cout << art.rows << '\n';
    for (int row = 0; row < art.rows; ++row) {
      std::u32string text;
      for (int column = 0; column < art.columns; ++column) text += art.at(column, row).glyph;
      std::cout << encode_utf8(text) << '\n';
    }
    std::cout.flush();
  }
}
