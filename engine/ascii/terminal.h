// ASCII art as text: plain, with a terminal's colours, or as a page of HTML.
#pragma once

#include <string>

#include "engine/ascii/filter.h"

namespace yent {

enum class TerminalColour { none, indexed, truecolour };

// The terminal that the text goes to. Filled in by the caller: nothing here asks the system.
struct Terminal {
  bool is_terminal = false;  // false for a pipe or a file: no escape is ever written there
  int columns = 80;
  std::string term;       // TERM
  std::string colorterm;  // COLORTERM
  std::string no_color;   // NO_COLOR: colours are off when it is not empty (no-color.org)
};

// 24 bits when COLORTERM says truecolor or 24bit or TERM ends in -direct; the 256 indexed colours
// when TERM says 256color; else none.
TerminalColour colour_of(const Terminal& terminal);

// Rows end in a newline; every cell is there, spaces at the end of a row included. Colours are
// set where they change and reset before each newline, so that a row that is cut off does not
// colour the next one.
std::string ascii_text(const AsciiArt& art, TerminalColour colour = TerminalColour::none);

// A whole page without external resources, characters escaped.
std::string ascii_html(const AsciiArt& art, const std::string& title);

}  // namespace yent
