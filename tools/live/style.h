// Whether and how the picture is drawn while it forms: what was asked for, what the environment
// says, what the terminal answered.
#pragma once

#include <optional>
#include <string>

#include "engine/ascii/terminal.h"
#include "tools/live/block.h"
#include "tools/live/replies.h"
#include "tools/live/tty.h"

namespace yent {

struct PreviewWish {
  std::string preview = "auto";  // none, blocks, sixel, kitty
  bool raw = false;              // nothing is drawn in the terminal unless asked for by name
  bool color = true;
  bool ci = false;    // the variable CI is set: nobody looks
  bool tmux = false;  // TMUX is set
};

// Before the terminal is asked. A preview that is asked for by name is drawn whatever the
// environment says; one that is not needs colours and somebody who looks.
bool wants_preview(const PreviewWish& wish, const Terminal& terminal);

// Nothing where the terminal can show none. By itself a preview in tmux is in half blocks, which
// tmux knows to move and to cover.
std::optional<BlockStyle> block_style(const PreviewWish& wish, const Terminal& terminal,
                                      const TerminalReplies& replies, const Tty::Size& size);

// The cells of a width x height picture at most `columns` wide, in a terminal that keeps the rows
// of text above it, a line below it and one more. No rows where there is no room.
Block::Shape fitting_shape(const Tty::Size& size, int text_rows, int columns, int width,
                           int height);

}  // namespace yent
