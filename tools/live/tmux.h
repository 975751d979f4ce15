// Reaching the terminal around tmux, where tmux lets bytes pass (its option allow-passthrough).
#pragma once

#include <string>
#include <string_view>

namespace yent {

// The bytes for the terminal around tmux. They overtake what was written before them, so they bring
// their own moves of the cursor.
std::string through_tmux(std::string_view bytes);

// Where tmux's pane lies in that terminal, in cells from 0, by asking tmux.
struct PaneOffset {
  bool known = false;
  int column = 0, row = 0;
};
PaneOffset tmux_pane();

}  // namespace yent
