#include "tools/live/style.h"

#include <algorithm>
#include <cmath>

namespace yent {

bool wants_preview(const PreviewWish& wish, const Terminal& terminal) {
  if (wish.preview == "none" || !terminal.is_terminal) return false;
  if (terminal.term.empty() || terminal.term == "dumb") return false;
  if (wish.preview != "auto") return true;
  return !wish.raw && !wish.ci && wish.color && terminal.no_color.empty();
}

std::optional<BlockStyle> block_style(const PreviewWish& wish, const Terminal& terminal,
                                      const TerminalReplies& replies, const Tty::Size& size) {
  const bool by_name = wish.preview != "auto";
  const bool in_screen = terminal.term.starts_with("screen") && !wish.tmux;
  BlockStyle style{.colour = colour_of(terminal),
                   .synchronized = replies.synchronized,
                   .kitty_edits = replies.kitty_edits,
                   .in_tmux = wish.tmux};
  if (size.columns > 0 && size.rows > 0) {
    style.cell_width = size.width / size.columns;
    style.cell_height = size.height / size.rows;
  }
  if (replies.sixel_width > 0) style.most_width = replies.sixel_width;
  if (replies.sixel_height > 0) style.most_height = replies.sixel_height;
  if (replies.sixel_colours > 1) style.sixel_colours = std::min(replies.sixel_colours, 256);
  const bool kitty = by_name ? wish.preview == "kitty" && (!wish.tmux || replies.kitty)
                             : replies.kitty && !wish.tmux;
  const bool has_cells = style.cell_width > 0 && style.cell_height > 0 && !wish.tmux;
  const bool sixel = has_cells && (by_name ? wish.preview == "sixel" : replies.sixel);
  if (kitty && !in_screen) {
    style.protocol = Protocol::kitty;
  } else if (sixel && !in_screen) {
    style.protocol = Protocol::sixel;
  } else if (style.colour == TerminalColour::none || in_screen) {
    if (!by_name && style.colour == TerminalColour::none) return std::nullopt;
    style.colour = TerminalColour::indexed;
  }
  return style;
}

Block::Shape fitting_shape(const Tty::Size& size, int text_rows, int columns, int width,
                           int height) {
  constexpr int fewest = 4;
  int rows = size.rows - text_rows - 2;
  if (rows < fewest) rows = size.rows - 2;  // then the text may scroll away
  if (rows < fewest || size.columns < fewest) return {};
  const double ratio = static_cast<double>(width) / height;
  columns = std::min({columns, size.columns, static_cast<int>(2 * rows * ratio)});
  columns = std::max(columns, 1);
  return {columns, std::clamp(static_cast<int>(std::lround(columns / ratio / 2)), 1, rows)};
}

}  // namespace yent
