#include <doctest/doctest.h>

#include <algorithm>
#include <set>

#include "engine/ascii/charset.h"
#include "engine/ascii/filter.h"
#include "engine/ascii/font.h"
#include "engine/ascii/terminal.h"
#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "loaders/io/utf8.h"
#include "tests/support/golden.h"

using namespace yent;

namespace {

Image flat(int width, int height, Rgb colour) {
  Image image(width, height);
  for (size_t i = 0; i < image.rgb.size(); ++i) image.rgb[i] = colour[i % 3];
  return image;
}

Image gradient(int width, int height) {
  Image image(width, height);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      image.pixel(x, y)[0] = static_cast<uint8_t>(x * 255 / std::max(1, width - 1));
      image.pixel(x, y)[1] = static_cast<uint8_t>(y * 255 / std::max(1, height - 1));
      image.pixel(x, y)[2] = static_cast<uint8_t>(x * y);
    }
  }
  return image;
}

AsciiOptions with(int columns, std::string_view charset = "techno") {
  AsciiOptions options;
  options.columns = columns;
  options.charset = charset_from(charset);
  return options;
}

AsciiArt one_cell(char32_t glyph, Rgb ink, Rgb paper) {
  return {1, 1, true, {{glyph, ink, paper}}};
}

}  // namespace

TEST_CASE("ascii: the ink of every charset grows from empty to its last glyph") {
  for (const NamedCharset& charset : named_charsets()) {
    CAPTURE(charset.name);
    CHECK(charset.glyphs.front() == U' ');
    int last = -1;
    for (char32_t c : charset.glyphs) {
      CAPTURE(encode_utf8(std::u32string(1, c)));
      REQUIRE(has_glyph(c));
      CHECK(ink(glyph(c)) >= last);
      last = ink(glyph(c));
    }
  }
}

TEST_CASE("ascii: glyphs of the shades and of charsets differ") {
  for (const NamedCharset& charset : named_charsets()) {
    std::set<Glyph> seen;
    for (char32_t c : charset.glyphs) seen.insert(glyph(c));
    CHECK(seen.size() == charset.glyphs.size());
  }
  CHECK(ink(glyph(U'░')) == 32);
  CHECK(ink(glyph(U'▒')) == 64);
  CHECK(ink(glyph(U'▓')) == 96);
  CHECK(ink(glyph(U'█')) == 128);
}

TEST_CASE("ascii: the font covers what it promises and boxes the rest") {
  for (char32_t c = 0x20; c < 0x7F; ++c) CHECK(has_glyph(c));
  for (char32_t c = 0xA0; c < 0x100; ++c) CHECK(has_glyph(c));
  for (char32_t c = 0x400; c < 0x460; ++c) CHECK(has_glyph(c));
  for (char32_t c = 0x2500; c < 0x25A0; ++c) CHECK(has_glyph(c));
  for (char32_t c = 0x2800; c < 0x2900; ++c) CHECK(has_glyph(c));
  for (char32_t c : {U'≈', U'÷', U'•', U'—', U'…', U'ё', U'Ё'}) CHECK(has_glyph(c));
  CHECK_FALSE(has_glyph(U'猫'));
  CHECK(glyph(U'猫') == glyph(0x10FFFF));
  CHECK(ink(glyph(U'猫')) > 0);
}

TEST_CASE("ascii: blocks and braille are drawn by rule") {
  CHECK(glyph(U'▄')[7] == 0x00);
  CHECK(glyph(U'▄')[8] == 0xFF);
  CHECK(glyph(U'▀')[7] == 0xFF);
  CHECK(glyph(U'▌')[3] == 0xF0);
  CHECK(glyph(U'▏')[3] == 0x80);
  CHECK(glyph(U'▁')[13] == 0x00);
  CHECK(glyph(U'▁')[14] == 0xFF);
  CHECK(glyph(U'▟')[0] == 0x0F);  // all but the upper left
  CHECK(glyph(U'▟')[15] == 0xFF);
  CHECK(ink(glyph(0x2800)) == 0);
  CHECK(ink(glyph(0x28FF)) == 32);
  CHECK(glyph(0x2801)[1] == 0x60);   // dot 1: upper left
  CHECK(glyph(0x2880)[14] == 0x06);  // dot 8: lower right
}

TEST_CASE("ascii: black gives the first glyph, white the last, in every charset") {
  for (const NamedCharset& charset : named_charsets()) {
    const AsciiOptions options = with(2, charset.name);
    const auto glyph_of = [&](Rgb colour) {
      return draw_ascii(flat(8, 9, colour), options).at(1, 0).glyph;
    };
    CHECK(glyph_of({0, 0, 0}) == charset.glyphs.front());
    CHECK(glyph_of({255, 255, 255}) == charset.glyphs.back());
  }
}

TEST_CASE("ascii: grey v of n levels gives level floor(v n / 256)") {
  for (const int n : {2, 5, 16, 256}) {
    std::u32string charset;
    for (int i = 0; i < n; ++i) charset.push_back(0x4E00 + i);
    AsciiOptions options = with(1);
    options.charset = charset;
    for (int v = 0; v < 256; ++v) {
      const auto grey = static_cast<uint8_t>(v);
      const Image image = flat(3, 5, {grey, grey, grey});
      REQUIRE(draw_ascii(image, options).at(0, 0).glyph == charset[v * n / 256]);
    }
  }
}

TEST_CASE("ascii: luminance weighs green most") {
  const AsciiOptions options = with(1, "0123456789");
  CHECK(draw_ascii(flat(1, 1, {255, 0, 0}), options).at(0, 0).glyph == U'2');
  CHECK(draw_ascii(flat(1, 1, {0, 255, 0}), options).at(0, 0).glyph == U'5');
  CHECK(draw_ascii(flat(1, 1, {0, 0, 255}), options).at(0, 0).glyph == U'1');
}

TEST_CASE("ascii: a cell has its pixels' mean, boosted for the glyph, dimmed for the ground") {
  Image image = flat(4, 4, {10, 100, 200});
  for (int y = 0; y < 4; ++y) {
    for (int x = 2; x < 4; ++x) image.pixel(x, y)[0] = 30;
  }
  const AsciiCell whole = draw_ascii(image, with(1)).at(0, 0);
  CHECK(whole.ink == Rgb{23, 116, 232});  // times 2.8 / (1 + 1.8 * 200 / 255) = 1.161
  CHECK(whole.paper == Rgb{10, 50, 100});
  const AsciiArt halves = draw_ascii(image, with(2));
  CHECK(halves.at(0, 0).paper == Rgb{5, 50, 100});
  CHECK(halves.at(1, 0).paper == Rgb{15, 50, 100});
}

TEST_CASE("ascii: boosted glyphs keep their hue, and mild greys become no white") {
  const auto ink_of = [](Rgb colour, float boost) {
    AsciiOptions options = with(1);
    options.boost = boost;
    return draw_ascii(flat(2, 2, colour), options).at(0, 0).ink;
  };
  CHECK(ink_of({10, 10, 10}, 2.8f) == Rgb{26, 26, 26});
  CHECK(ink_of({128, 128, 128}, 2.8f) == Rgb{188, 188, 188});
  CHECK(ink_of({255, 255, 255}, 2.8f) == Rgb{255, 255, 255});
  const Rgb red = ink_of({200, 40, 20}, 2.8f);
  CHECK(red[1] == doctest::Approx(red[0] / 5.0).epsilon(0.02));
  CHECK(red[2] == doctest::Approx(red[0] / 10.0).epsilon(0.03));
  CHECK(ink_of({200, 40, 20}, 1) == Rgb{200, 40, 20});
  CHECK(ink_of({200, 40, 20}, 0.5f) == Rgb{100, 20, 10});
  CHECK(ink_of({0, 0, 0}, 1000) == Rgb{0, 0, 0});
  CHECK(ink_of({1, 255, 3}, 1000) == Rgb{1, 255, 3});
}

TEST_CASE("ascii: without colour the tones that are there get the whole charset") {
  Image image(200, 2);  // greys from 90 to 169
  for (size_t i = 0; i < image.rgb.size(); ++i) {
    image.rgb[i] = static_cast<uint8_t>(90 + i / 3 % 200 * 80 / 200);
  }
  AsciiOptions options = with(200, "0123456789");
  const auto ends = [&] {
    const AsciiArt art = draw_ascii(image, options);
    return std::pair(art.cells.front().glyph, art.cells.back().glyph);
  };
  CHECK(ends() == std::pair(U'3', U'6'));
  options.colour = false;
  CHECK(ends() == std::pair(U'0', U'9'));
  options.invert = true;
  CHECK(ends() == std::pair(U'9', U'0'));

  // What is nearly flat becomes no noise: 2 of 256 tones are at most a level apart.
  options.invert = false;
  image = flat(200, 2, {100, 100, 100});
  std::fill_n(image.pixel(100, 0), 300, uint8_t{102});
  const AsciiArt art = draw_ascii(image, options);
  CHECK(std::abs(static_cast<int>(art.cells.front().glyph - art.cells.back().glyph)) <= 1);
  for (const auto& [grey, glyph] : {std::pair(0, U'0'), {255, U'9'}}) {
    const auto v = static_cast<uint8_t>(grey);
    CHECK(draw_ascii(flat(4, 4, {v, v, v}), options).at(0, 0).glyph == glyph);
  }
}

TEST_CASE("ascii: rows keep the aspect of the picture") {
  CHECK(draw_ascii(gradient(512, 512), with(100)).rows == 50);
  CHECK(draw_ascii(gradient(256, 256), with(51)).rows == 26);
  CHECK(draw_ascii(gradient(640, 360), with(80)).rows == 23);  // 22.5
  CHECK(draw_ascii(gradient(300, 7), with(10)).rows == 1);
}

TEST_CASE("ascii: more cells than pixels share them") {
  const AsciiArt art = draw_ascii(gradient(3, 2), with(50));
  CHECK(art.rows == 17);
  CHECK(art.cells.size() == 50 * 17);
}

TEST_CASE("ascii: inverted and colourless art") {
  AsciiOptions options = with(1);
  options.invert = true;
  CHECK(draw_ascii(flat(2, 2, {0, 0, 0}), options).at(0, 0).glyph == U'█');
  CHECK(draw_ascii(flat(2, 2, {255, 255, 255}), options).at(0, 0).glyph == U' ');
  options.colour = false;
  CHECK(draw_ascii(flat(2, 2, {9, 8, 7}), options).at(0, 0).ink == Rgb{0, 0, 0});
  CHECK(draw_ascii(flat(2, 2, {9, 8, 7}), options).at(0, 0).paper == Rgb{255, 255, 255});
  options.invert = false;
  CHECK(draw_ascii(flat(2, 2, {9, 8, 7}), options).at(0, 0).ink == Rgb{255, 255, 255});
  CHECK(draw_ascii(flat(2, 2, {9, 8, 7}), options).at(0, 0).paper == Rgb{0, 0, 0});
}

TEST_CASE("ascii: the painting has exactly the size asked for") {
  for (const auto& [width, height] :
       {std::pair(512, 512), {511, 300}, {256, 256}, {64, 200}, {5, 3}}) {
    const Image image = gradient(width, height);
    const AsciiArt art = draw_ascii(image, with(readable_columns(width, 100)));
    const Image painted = paint_ascii(art, width, height);
    CHECK(painted.width == width);
    CHECK(painted.height == height);
    CHECK(painted.rgb.size() == image.rgb.size());
  }
}

TEST_CASE("ascii: a painting of its own size has whole glyphs") {
  const AsciiArt art = draw_ascii(gradient(64, 32), with(10));
  CHECK(paint_ascii(art).width == 80);
  CHECK(paint_ascii(art).height == art.rows * 16);
  CHECK(paint_ascii(art, 3).width == 240);
  CHECK(paint_ascii(art).rgb == paint_ascii(art, 80, art.rows * 16).rgb);
}

TEST_CASE("ascii: columns stay readable") {
  CHECK(readable_columns(512, 100) == 100);
  CHECK(readable_columns(512, 60) == 60);
  CHECK(readable_columns(512, 300) == 102);
  CHECK(readable_columns(256, 100) == 51);
  CHECK(readable_columns(3, 100) == 1);
}

TEST_CASE("ascii: at glyph size every pixel is ink or paper") {
  const Rgb ink_colour = {250, 200, 3}, paper = {1, 20, 30};
  const AsciiArt art = one_cell(U'@', ink_colour, paper);
  for (const int scale : {1, 3}) {
    const Image image = paint_ascii(art, 8 * scale, 16 * scale);
    int inked = 0;
    for (int y = 0; y < image.height; ++y) {
      for (int x = 0; x < image.width; ++x) {
        const Rgb found = {image.pixel(x, y)[0], image.pixel(x, y)[1], image.pixel(x, y)[2]};
        const bool set = glyph(U'@')[y / scale] >> (7 - x / scale) & 1;
        REQUIRE(found == (set ? ink_colour : paper));
        inked += set;
      }
    }
    CHECK(inked == ink(glyph(U'@')) * scale * scale);
  }
}

TEST_CASE("ascii: at other sizes glyphs keep their share of ink") {
  for (const auto& [width, height] : {std::pair(5, 10), {6, 11}, {13, 7}, {1, 1}}) {
    for (char32_t c : {U'#', U'▓', U'ж', U'.'}) {
      const Image image = paint_ascii(one_cell(c, {255, 255, 255}, {0, 0, 0}), width, height);
      double sum = 0;
      for (int i = 0; i < width * height; ++i) sum += image.rgb[3 * i];
      CHECK(sum / 255 / (width * height) == doctest::Approx(ink(glyph(c)) / 128.0).epsilon(0.02));
    }
  }
}

TEST_CASE("ascii: a charset is a name or a string of code points") {
  CHECK(charset_from("punk") == U" ·•×#█");
  CHECK(charset_from("techno").size() == 16);
  CHECK(charset_from("long").size() >= 60);
  CHECK(charset_from("·кот") == U"·кот");
  CHECK_THROWS_AS(charset_from(""), Error);
  CHECK_THROWS_AS(charset_from("a\nb"), Error);
  CHECK_THROWS_AS(charset_from("\x1b[31m"), Error);
  CHECK_THROWS_AS(charset_from(std::string(257, 'x')), Error);
  try {
    charset_from("");
  } catch (const Error& e) {
    CHECK(e.kind() == Error::usage);
  }
}

TEST_CASE("ascii: a charset's characters fill one cell each, as wcwidth says") {
  const Json runs = read_json(golden_path("cell_width.json"));
  std::set<char32_t> one;
  for (const Json& run : runs) {
    for (auto c = run[0].get<int>(); c <= run[1].get<int>(); ++c) one.insert(c);
  }
  int accepted = 0, torn = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (!fills_one_cell(c)) continue;
    ++accepted;
    torn += one.count(c) == 0;
  }
  CHECK(torn == 0);
  CHECK(accepted == 21479);
  // Nobody misses what people use.
  for (char32_t c = 0x20; c < 0x500; ++c) {
    if (c < 0x7F || (c > 0xA0 && c < 0x300 && c != 0xAD) || c > 0x3A2) {
      if (one.count(c) && !(c >= 0x483 && c <= 0x489)) CHECK(fills_one_cell(c));
    }
  }
  for (char32_t c = 0x2500; c < 0x25FD; ++c) CHECK(fills_one_cell(c));  // boxes and blocks
  for (char32_t c = 0x2800; c < 0x2900; ++c) CHECK(fills_one_cell(c));  // braille
}

TEST_CASE("ascii: what does not fill one cell is refused by name") {
  const auto refusal = [](std::string_view charset) {
    try {
      charset_from(charset);
    } catch (const Error& e) {
      CHECK(e.kind() == Error::usage);
      return std::string(e.what());
    }
    return std::string();
  };
  CHECK(refusal(" .猫#").starts_with("the charset holds U+732B (猫), expected"));
  CHECK(refusal(" e\u0301").starts_with("the charset holds U+0301, expected"));
  CHECK(refusal(" .🐈").starts_with("the charset holds U+1F408 (🐈), expected"));
  CHECK(refusal(" ❤\uFE0F").starts_with("the charset holds U+FE0F, expected"));
  CHECK(refusal(" \u200B").starts_with("the charset holds U+200B, expected"));
  CHECK(refusal(" א").starts_with("the charset holds U+05D0 (א), expected"));
  CHECK(refusal(" Ａ").starts_with("the charset holds U+FF21 (Ａ), expected"));
  CHECK(refusal(" 🇫").starts_with("the charset holds U+1F1EB"));
  CHECK(refusal("a\nb").starts_with("the charset holds U+000A, expected"));
  CHECK(refusal("\xff") == "the charset is not valid UTF-8");
  CHECK(refusal(" ❤×▓ж").empty());
}

TEST_CASE("ascii: text is the glyphs, row by row") {
  const AsciiArt art = draw_ascii(gradient(40, 40), with(20));
  const std::u32string text = decode_utf8(ascii_text(art));
  CHECK(text.size() == 21 * 10);
  CHECK(std::ranges::count(text, U'\n') == 10);
  CHECK(text[0] == art.at(0, 0).glyph);
  CHECK(text[21 * 9 + 19] == art.at(19, 9).glyph);
  CHECK(text.find(U'\x1b') == text.npos);
}

TEST_CASE("ascii: terminal colours are set where they change and reset at each row's end") {
  const AsciiCell red{U'#', {255, 0, 0}, {10, 0, 0}};
  const AsciiCell hole{U' ', {0, 99, 0}, {10, 0, 0}};
  const AsciiArt art{3, 2, true, {red, red, hole, hole, red, red}};
  CHECK(ascii_text(art, TerminalColour::truecolour) ==
        "\x1b[48;2;10;0;0m\x1b[38;2;255;0;0m## \x1b[0m\n"
        "\x1b[48;2;10;0;0m \x1b[38;2;255;0;0m##\x1b[0m\n");
  AsciiArt plain = art;
  plain.colour = false;
  CHECK(ascii_text(plain, TerminalColour::truecolour) == "## \n ##\n");
}

TEST_CASE("ascii: indexed colours are the nearest") {
  const auto code = [](Rgb colour) {
    return ascii_text(one_cell(U' ', {}, colour), TerminalColour::indexed);
  };
  CHECK(code({0, 0, 0}) == "\x1b[48;5;16m \x1b[0m\n");
  CHECK(code({255, 255, 255}) == "\x1b[48;5;231m \x1b[0m\n");
  CHECK(code({255, 0, 0}) == "\x1b[48;5;196m \x1b[0m\n");
  CHECK(code({90, 140, 250}) == "\x1b[48;5;69m \x1b[0m\n");
  CHECK(code({49, 50, 47}) == "\x1b[48;5;236m \x1b[0m\n");
}

TEST_CASE("ascii: HTML escapes what glyphs and titles say") {
  const AsciiArt art{
      3, 1, true, {{U'<', {1, 2, 3}, {}}, {U'&', {1, 2, 3}, {}}, {U'"', {255, 0, 0}, {}}}};
  const std::string page = ascii_html(art, "<script>");
  CHECK(page.find("<title>&lt;script&gt;</title>") != page.npos);
  CHECK(page.find("color:#010203;background:#000000\">&lt;&amp;</span>") != page.npos);
  CHECK(page.find("color:#ff0000;background:#000000\">&quot;</span>") != page.npos);
  CHECK(page.find("<script>") == page.npos);
}
