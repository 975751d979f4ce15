// ASCII art as text: plain, with a terminal's colours, or as a page of HTML.
#pragma once

#include <string>
#include <string_view>

#include "engine/ascii/filter.h"

namespace yent {

enum class TerminalColour { none, indexed, truecolour };

// The terminal that the text goes to. Filled in by the caller: nothing here asks the system.
struct Terminal {
  bool is_terminal = false;         // false for a pipe or a file
  int columns = 80, rows = 0;       // rows 0: not known
  std::string term = {};            // TERM
  std::string colorterm = {};       // COLORTERM
  std::string no_color = {};        // NO_COLOR: colours are off when it is not empty (no-color.org)
  std::string tmux = {}, sty = {};  // TMUX and STY, which tmux and GNU screen set
};

enum class ColourUse { automatic, always, never };

// Automatic: no escape is ever written into a pipe or with NO_COLOR; 24 bits when COLORTERM says
// truecolor or 24bit or TERM ends in -direct; the 256 indexed colours when TERM says 256color; else
// none. Always: at least the 256. GNU screen inherits the COLORTERM of the terminal outside, but
// shows 24 bits as dim, reversed and blinking text, so it gets the 256 whatever COLORTERM says.
TerminalColour colour_of(const Terminal& terminal, ColourUse use = ColourUse::automatic);

// The rows that a text takes in a terminal of this width, which wraps its lines; escapes take none.
int text_rows(std::string_view text, int columns);

// The columns of a width x height picture that fits the terminal with the rows of text above and
// below it, and leaves two rows, for the prompt of the shell and for one line more; at most
// `columns`. Where hardly a row would be left for the picture, the text may scroll away.
int fitting_columns(int columns, const Terminal& terminal, int text_rows, int width, int height);

// Rows end in a newline; every cell is there, spaces at the end of a row included. Indexed colours
// are dithered (palette.h). Colours are set where they change and reset before each newline, so
// that a row that is cut off does not colour the next one.
std::string ascii_text(const AsciiArt& art, TerminalColour colour = TerminalColour::none);

// A whole page without external resources, characters escaped.
std::string ascii_html(const AsciiArt& art, const std::string& title);

}  // namespace yent
