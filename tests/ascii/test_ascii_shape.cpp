// Glyphs by shape: edges that were planted are drawn along their direction.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <string>

#include "engine/ascii/charset.h"
#include "engine/ascii/filter.h"
#include "engine/ascii/font.h"
#include "engine/ascii/shape.h"
#include "loaders/io/utf8.h"

using namespace yent;

namespace {

AsciiOptions by_shape(int columns) {
  return {.columns = columns, .charset = printable_ascii(), .glyphs = GlyphChoice::shape};
}

// Cells of 20 x 40 pixels, white where `lit` says so; x and y in cells.
template <class Lit>
Image planted(int columns, int rows, Lit lit) {
  Image image(columns * 20, rows * 40);
  for (int y = 0; y < image.height; ++y) {
    for (int x = 0; x < image.width; ++x) {
      const bool white = lit((x + 0.5) / 20, (y + 0.5) / 40);
      std::fill_n(image.pixel(x, y), 3, white ? uint8_t{255} : uint8_t{0});
    }
  }
  return image;
}

// The middle one of 3 x 3 cells.
template <class Lit>
std::string middle(Lit lit) {
  const char32_t glyph = draw_ascii(planted(3, 3, lit), by_shape(3)).at(1, 1).glyph;
  return encode_utf8(std::u32string_view(&glyph, 1));
}

}  // namespace

TEST_CASE("shape: lines are drawn along their direction") {
  const auto line = [](double distance, double half) { return std::abs(distance) < half; };
  // Glyphs stand a little above the middle of a cell.
  for (const double shift : {-0.05, 0.0, 0.05}) {
    CAPTURE(shift);
    CHECK(middle([&](double x, double y) { return line(x + y - 2.9 + shift, 0.16); }) == "/");
    CHECK(middle([&](double x, double y) { return line(x - y - 0.1 + shift, 0.16); }) == "\\");
  }
  CHECK(middle([&](double, double y) { return line(y - 1.86, 0.05); }) == "_");
  CHECK(middle([&](double, double y) { return line(y - 1.5, 0.07); }) == "-");
  const std::string upright = middle([&](double x, double) { return line(x - 1.5, 0.12); });
  CHECK(std::string("|il").find(upright) != std::string::npos);
}

TEST_CASE("shape: where light ends at an edge, the ink stands on its side") {
  // The share of the glyph's ink that stands where the light is; cells are 1 x 1.
  const auto share = [](auto lit) {
    const Glyph bitmap = glyph(decode_utf8(middle(lit))[0]);
    int inside = 0;
    for (int y = 0; y < glyph_height; ++y) {
      for (int x = 0; x < glyph_width; ++x) {
        const bool set = bitmap[y] >> (glyph_width - 1 - x) & 1;
        inside += set && lit(1 + (x + 0.5) / glyph_width, 1 + (y + 0.5) / glyph_height);
      }
    }
    return inside / std::max(1.0, static_cast<double>(ink(bitmap)));
  };
  CHECK(share([](double x, double y) { return x + y > 3; }) > 0.6);
  CHECK(share([](double x, double y) { return x + y < 3; }) > 0.6);
  CHECK(share([](double x, double y) { return x > y; }) > 0.6);
  CHECK(share([](double x, double y) { return x < y; }) > 0.6);
  CHECK(share([](double, double y) { return y > 1.6; }) > 0.6);
  CHECK(share([](double, double y) { return y < 1.4; }) > 0.6);
}

TEST_CASE("shape: a long diagonal is a row of slashes") {
  const Image image = planted(12, 12, [](double x, double y) { return std::abs(x - y) < 0.15; });
  const AsciiArt art = draw_ascii(image, by_shape(12));
  for (int i = 0; i < 12; ++i) CHECK(art.at(i, i).glyph == U'\\');
  for (int i = 2; i < 12; ++i) CHECK(art.at(i, i - 2).glyph == U' ');
}

TEST_CASE("shape: full light is the fullest glyph, darkness the emptiest") {
  for (const auto& [light, glyph] : {std::pair(0, U' '), {255, U'█'}}) {
    AsciiOptions options = by_shape(4);
    options.charset = U"a█ .";
    Image image(64, 64);
    std::ranges::fill(image.rgb, static_cast<uint8_t>(light));
    for (const AsciiCell& cell : draw_ascii(image, options).cells) CHECK(cell.glyph == glyph);
    options.invert = true;
    CHECK(draw_ascii(image, options).at(2, 1).glyph == (light ? U' ' : U'█'));
  }
}

TEST_CASE("shape: more light is more ink") {
  int last = 0;
  std::set<int> found;
  for (int v = 0; v <= 255; v += 15) {
    Image image(32, 64);
    std::ranges::fill(image.rgb, static_cast<uint8_t>(v));
    const int inked = ink(glyph(draw_ascii(image, by_shape(4)).at(1, 1).glyph));
    CHECK(inked >= last);
    found.insert(last = inked);
  }
  CHECK(found.size() >= 5);
}

TEST_CASE("shape: zones take their share of pixels that they cut") {
  std::array<uint8_t, 256> tones;
  for (int v = 0; v < 256; ++v) tones[v] = static_cast<uint8_t>(v);
  // One cell over 1 x 2 pixels, white above black. The right zones end at 5, 10 and 15
  // sixteenths, the left ones a sixteenth lower; white ends at 8.
  Image image(1, 2);
  std::fill_n(image.pixel(0, 0), 3, uint8_t{255});
  const Shape shape = shapes_of(image, 1, 1, tones).front();
  CHECK(shape == Shape{255, 255, 102, 153, 0, 0});
  // Cells far smaller than a pixel have its light.
  for (const Shape& s : shapes_of(image, 50, 2, tones)) CHECK(s[0] == s[5]);
}

TEST_CASE("shape: the dark side of an edge sinks, and flat cells stay") {
  std::vector<Shape> shapes(2, Shape{100, 100, 100, 100, 100, 100});
  sharpen(shapes, 2, 1);
  CHECK(shapes[0] == Shape{100, 100, 100, 100, 100, 100});
  shapes[1].fill(200);
  sharpen(shapes, 2, 1);
  CHECK(shapes[0][1] < shapes[0][0]);  // its right half touches the bright cell
  CHECK(shapes[0][5] < shapes[0][4]);
  CHECK(shapes[0][0] == 100);
  CHECK(shapes[1] == Shape{200, 200, 200, 200, 200, 200});
}
