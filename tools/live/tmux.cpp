#include "tools/live/tmux.h"

#include <cstdio>
#include <cstring>

namespace yent {

std::string through_tmux(std::string_view bytes) {
  std::string out = "\x1bPtmux;";
  for (const char c : bytes) {
    if (c == '\x1b') out += c;
    out += c;
  }
  return out + "\x1b\\";
}

PaneOffset tmux_pane() {
  FILE* answer = ::popen(
      "tmux display-message -p -t \"$TMUX_PANE\""
      " '#{pane_left} #{pane_top} #{status} #{status-position}' 2>/dev/null",
      "r");
  if (!answer) return {};
  PaneOffset at;
  char status[16] = {}, position[16] = {};
  at.known = std::fscanf(answer, "%d %d %15s %15s", &at.column, &at.row, status, position) == 4;
  ::pclose(answer);
  if (std::strcmp(position, "top") == 0 && std::strcmp(status, "off") != 0) {
    at.row += status[0] >= '2' && status[0] <= '5' ? status[0] - '0' : 1;
  }
  return at;
}

}  // namespace yent
