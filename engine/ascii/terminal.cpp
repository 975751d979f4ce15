#include "engine/ascii/terminal.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string_view>

#include "engine/ascii/palette.h"
#include "engine/text/unicode.h"
#include "loaders/io/utf8.h"

namespace yent {

namespace {

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

TerminalColour colour_of(const Terminal& terminal, ColourUse use) {
  const bool always = use == ColourUse::always;
  if (use == ColourUse::never) return TerminalColour::none;
  if (!always && (!terminal.is_terminal || !terminal.no_color.empty())) return TerminalColour::none;
  const std::string_view colorterm = terminal.colorterm, term = terminal.term;
  // Within tmux TERM may begin with screen, too. Of one inside the other, neither variable tells
  // which is the inner one.
  const bool screen =
      !terminal.sty.empty() || (term.starts_with("screen") && terminal.tmux.empty());
  if (screen) return TerminalColour::indexed;
  if (colorterm == "truecolor" || colorterm == "24bit" || term.ends_with("-direct")) {
    return TerminalColour::truecolour;
  }
  return always || term.find("256color") != term.npos ? TerminalColour::indexed
                                                      : TerminalColour::none;
}

int text_rows(std::string_view text, int columns) {
  int rows = 0, column = 0;
  bool escape = false, line_open = false;
  for (char32_t c : decode_utf8(text)) {
    if (escape) {  // CSI: up to its letter
      escape = c == U'[' || c < U'@';
    } else if (c == U'\x1b') {
      escape = true;
    } else if (c == U'\n') {
      rows += line_open ? 0 : 1;
      line_open = false;
    } else {
      const int cells = fills_one_cell(c) ? 1 : is_mark(c) ? 0 : 2;
      if (!line_open || column + cells > columns) {
        ++rows;
        column = 0;
      }
      line_open = true;
      column += cells;
    }
  }
  return rows;
}

int fitting_columns(int columns, const Terminal& terminal, int text_rows, int width, int height) {
  constexpr int spare = 2, least_rows = 4;
  columns = std::max(1, std::min(columns, terminal.columns));
  if (terminal.rows <= 0) return columns;
  int rows = terminal.rows - text_rows - spare;
  if (rows < least_rows) rows = std::max(1, terminal.rows - spare);
  return static_cast<int>(std::clamp<int64_t>(int64_t{2} * rows * width / height, 1, columns));
}

std::string ascii_text(const AsciiArt& given, TerminalColour colour) {
  const bool coloured = colour != TerminalColour::none && given.colour;
  const AsciiArt art = coloured && colour == TerminalColour::indexed ? dithered(given) : given;
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
      "pre {{ color: {}; font: bold 13.3px/16px monospace; display: inline-block; }}\n"
      "span {{ display: inline-block; height: 16px; vertical-align: top; }}\n"
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
