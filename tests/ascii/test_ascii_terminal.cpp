// What a terminal is given: colours that it has, and art that fits.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/ascii/palette.h"
#include "engine/ascii/terminal.h"

using namespace yent;

namespace {

// Columns x rows cells of one ground and one ink, or of a space.
AsciiArt flat_art(int columns, int rows, Rgb ink, Rgb paper, char32_t glyph = U'#') {
  AsciiArt art{columns, rows, true, {}};
  art.cells.assign(static_cast<size_t>(columns) * rows, {glyph, ink, paper});
  return art;
}

std::array<double, 3> mean_paper(const AsciiArt& art) {
  std::array<double, 3> mean = {};
  for (const AsciiCell& cell : art.cells) {
    for (int c = 0; c < 3; ++c) mean[c] += cell.paper[c];
  }
  for (double& m : mean) m /= static_cast<double>(art.cells.size());
  return mean;
}

}  // namespace

TEST_CASE("terminal: colours are those that it said it can show") {
  Terminal terminal{.is_terminal = true, .term = "xterm"};
  CHECK(colour_of(terminal) == TerminalColour::none);
  terminal.term = "xterm-256color";
  CHECK(colour_of(terminal) == TerminalColour::indexed);
  terminal.colorterm = "truecolor";
  CHECK(colour_of(terminal) == TerminalColour::truecolour);
  terminal.no_color = "1";
  CHECK(colour_of(terminal) == TerminalColour::none);
  terminal.no_color = "";
  terminal.is_terminal = false;
  CHECK(colour_of(terminal) == TerminalColour::none);
}

TEST_CASE("terminal: colour can be demanded and refused") {
  Terminal pipe{.term = "xterm", .no_color = "1"};
  CHECK(colour_of(pipe, ColourUse::always) == TerminalColour::indexed);
  pipe.colorterm = "24bit";
  CHECK(colour_of(pipe, ColourUse::always) == TerminalColour::truecolour);
  const Terminal best{.is_terminal = true, .term = "xterm-direct", .colorterm = "truecolor"};
  CHECK(colour_of(best, ColourUse::never) == TerminalColour::none);
}

TEST_CASE("terminal: GNU screen never gets 24 bits, tmux does") {
  Terminal t{.is_terminal = true, .term = "screen.xterm-256color", .colorterm = "truecolor"};
  CHECK(colour_of(t) == TerminalColour::indexed);
  CHECK(colour_of(t, ColourUse::always) == TerminalColour::indexed);
  t.term = "screen";
  CHECK(colour_of(t) == TerminalColour::indexed);
  t.no_color = "1";
  CHECK(colour_of(t) == TerminalColour::none);
  t.no_color = "";
  t.tmux = "/run/tmux/default,1,0";  // tmux calls itself screen, too
  CHECK(colour_of(t) == TerminalColour::truecolour);
  t.sty = "42.pts-0.host";  // screen in tmux, or tmux in screen
  CHECK(colour_of(t) == TerminalColour::indexed);
  t.tmux = "";
  t.term = "xterm-256color";  // as screen's own settings may have it
  CHECK(colour_of(t) == TerminalColour::indexed);
}

TEST_CASE("terminal: text takes the rows that its lines wrap to") {
  CHECK(text_rows("", 10) == 0);
  CHECK(text_rows("\n", 10) == 1);
  CHECK(text_rows("name", 10) == 1);
  CHECK(text_rows("0123456789", 10) == 1);
  CHECK(text_rows("0123456789\n", 10) == 1);
  CHECK(text_rows("0123456789a\n", 10) == 2);
  CHECK(text_rows("a\n\nb\n", 10) == 3);
  CHECK(text_rows("умираете от тоски", 10) == 2);
  CHECK(text_rows("\x1b[38;2;1;2;3m0123456789\x1b[0m\n", 10) == 1);
  CHECK(text_rows("猫猫猫猫猫", 10) == 1);  // two cells each
  CHECK(text_rows("猫猫猫猫猫猫", 10) == 2);
  CHECK(text_rows("猫猫猫", 5) == 2);  // no half of one at the end of a row
}

TEST_CASE("terminal: the picture fits with the text") {
  const auto fitting = [](int columns, int rows, int text, int width, int height) {
    return fitting_columns(100, {.columns = columns, .rows = rows}, text, width, height);
  };
  CHECK(fitting(80, 24, 2, 512, 512) == 40);
  CHECK(fitting(100, 40, 2, 512, 512) == 72);
  CHECK(fitting(40, 20, 4, 512, 512) == 28);
  CHECK(fitting(200, 60, 2, 512, 512) == 100);  // as asked
  CHECK(fitting(80, 0, 2, 512, 512) == 80);     // height not known
  CHECK(fitting(80, 24, 2, 1024, 256) == 80);   // wide
  CHECK(fitting(80, 24, 2, 256, 1024) == 10);   // tall
  CHECK(fitting(80, 24, 30, 512, 512) == 44);   // the text scrolls away
  CHECK(fitting(1, 1, 0, 64, 16384) == 1);
  for (int rows = 8; rows < 70; ++rows) {
    for (const auto& [width, height] : {std::pair(512, 512), {640, 360}, {333, 777}}) {
      const int columns = fitting(200, rows, 2, width, height);
      CHECK(ascii_rows(columns, width, height) <= rows - 4);
    }
  }
}

TEST_CASE("palette: every colour of it is its own nearest") {
  for (int i = 16; i < 256; ++i) {
    const Rgb colour = palette_colour(i);
    CHECK(palette_colour(indexed_colour(colour)) == colour);
  }
}

TEST_CASE("palette: dither keeps the colour that the nearest one loses") {
  const Rgb brown = {70, 45, 35}, violet = {60, 40, 80};
  for (const Rgb& colour : {brown, violet}) {
    const auto mean = mean_paper(dithered(flat_art(60, 30, {}, colour, U' ')));
    const auto [low, high] = std::ranges::minmax(mean);
    const auto [least, most] = std::ranges::minmax(colour);
    CHECK(high - low > 0.8 * (most - least));
    for (int c = 0; c < 3; ++c) CHECK(std::abs(mean[c] - colour[c]) < 6);
    const Rgb nearest = palette_colour(indexed_colour(colour));
    CHECK(nearest[0] == nearest[2]);  // a grey
  }
}

TEST_CASE("palette: dither leaves alone what the palette has, and greys grey") {
  const AsciiArt exact = flat_art(20, 10, {255, 135, 0}, {38, 38, 38});
  CHECK(dithered(exact).cells == exact.cells);
  for (const AsciiCell& cell : dithered(flat_art(20, 10, {99, 99, 99}, {50, 51, 50})).cells) {
    CHECK(cell.paper[0] == cell.paper[2]);
    CHECK(cell.ink[0] == cell.ink[2]);
  }
}

TEST_CASE("palette: indexed text has the dithered colours") {
  const AsciiArt art = flat_art(30, 4, {200, 120, 90}, {70, 45, 35});
  const std::string text = ascii_text(art, TerminalColour::indexed);
  CHECK(text == ascii_text(dithered(art), TerminalColour::indexed));
  for (const AsciiCell& cell : dithered(art).cells) {
    const std::string paper = "\x1b[48;5;" + std::to_string(indexed_colour(cell.paper)) + "m";
    CHECK(text.find(paper) != text.npos);
  }
}
