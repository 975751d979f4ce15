#include "engine/ascii/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "loaders/io/utf8.h"

namespace yent {

namespace {

// Nearest of the 240 fixed colours: a cube of six steps a channel, then 24 greys.
int indexed_colour(const Rgb& colour) {
  constexpr int steps[] = {0, 95, 135, 175, 215, 255};
  const auto squared = [](int a, int b) { return (a - b) * (a - b); };
  int index = 16, cube_distance = 0, sum = 0;
  for (int c = 0, weight = 36; c < 3; ++c, weight /= 6) {
    int best = 0;
    for (int s = 1; s < 6; ++s) {
      if (squared(steps[s], colour[c]) < squared(steps[best], colour[c])) best = s;
    }
    index += best * weight;
    cube_distance += squared(steps[best], colour[c]);
    sum += colour[c];
  }
  const int grey_step = std::clamp((sum / 3 - 8 + 5) / 10, 0, 23);  // 8, 18, ... 238
  int grey_distance = 0;
  for (int c = 0; c < 3; ++c) grey_distance += squared(8 + 10 * grey_step, colour[c]);
  return grey_distance < cube_distance ? 232 + grey_step : index;
}

// 38 sets the glyph's colour, 48 the cell's.
std::string colour_code(int what, const Rgb& c, TerminalColour kind) {
  if (kind == TerminalColour::indexed) return fmt::format("\x1b[{};5;{}m", what, indexed_colour(c));
  return fmt::format("\x1b[{};2;{};{};{}m", what, c[0], c[1], c[2]);
}

std::string encoded(char32_t c) { return encode_utf8(std::u32string_view(&c, 1)); }

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string hex(const Rgb& c) { return fmt::format("#{:02x}{:02x}{:02x}", c[0], c[1], c[2]); }

}  // namespace

TerminalColour colour_of(const Terminal& terminal) {
  if (!terminal.is_terminal || !terminal.no_color.empty()) return TerminalColour::none;
  const std::string_view colorterm = terminal.colorterm, term = terminal.term;
  if (colorterm == "truecolor" || colorterm == "24bit" || term.ends_with("-direct")) {
    return TerminalColour::truecolour;
  }
  return term.find("256color") != term.npos ? TerminalColour::indexed : TerminalColour::none;
}

std::string ascii_text(const AsciiArt& art, TerminalColour colour) {
  const bool coloured = colour != TerminalColour::none && art.colour;
  std::string out;
  for (int row = 0; row < art.rows; ++row) {
    std::string ink, paper;  // in force on this row
    for (int column = 0; column < art.columns; ++column) {
      const AsciiCell& cell = art.at(column, row);
      if (coloured) {
        if (std::string code = colour_code(48, cell.paper, colour); code != paper) {
          out += paper = std::move(code);
        }
        // A space shows no ink.
        if (std::string code = colour_code(38, cell.ink, colour);
            cell.glyph != U' ' && code != ink) {
          out += ink = std::move(code);
        }
      }
      out += encoded(cell.glyph);
    }
    out += coloured ? "\x1b[0m\n" : "\n";
  }
  return out;
}

std::string ascii_html(const AsciiArt& art, const std::string& title) {
  std::string out = fmt::format(
      "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>{}</title><style>\n"
      "body {{ background: {}; }}\n"
      "pre {{ color: {}; font: bold 16px/16px monospace; display: inline-block; }}\n"
      "</style></head><body><pre>\n",
      escaped(title), art.colour ? "#000000" : hex(art.cells.front().paper),
      art.colour ? "#ffffff" : hex(art.cells.front().ink));
  for (int row = 0; row < art.rows; ++row) {
    for (int column = 0; column < art.columns;) {
      // Neighbours of one colour share a span.
      const AsciiCell& first = art.at(column, row);
      std::string run;
      do {
        run += escaped(encoded(art.at(column, row).glyph));
        ++column;
      } while (column < art.columns && art.at(column, row).ink == first.ink &&
               art.at(column, row).paper == first.paper);
      if (art.colour) {
        fmt::format_to(std::back_inserter(out), "<span style=\"color:{};background:{}\">{}</span>",
                       hex(first.ink), hex(first.paper), run);
      } else {
        out += run;
      }
    }
    out += '\n';
  }
  return out + "</pre></body></html>\n";
}

}  // namespace yent
