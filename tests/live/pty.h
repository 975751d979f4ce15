// yent-run in a terminal of its own, which answers as a real one does.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/support/program.h"

namespace yent::test {

// The settings of a terminal that a shell relies on.
struct PtySettings {
  bool echoes = false, is_canonical = false;
};

struct PtyRun {
  int status = 0;      // as of waitpid
  std::string output;  // all that the terminal got
  PtySettings after;
  // Where the output stood when the program was stopped or the size changed; settings while
  // stopped.
  size_t turned_at = 0;
  PtySettings stopped;
};

struct PtyCase {
  // Questions that the terminal knows, and its answers.
  std::vector<std::pair<std::string, std::string>> answers = {};
  std::vector<std::pair<std::string, std::string>> environment = {};  // empty: taken out
  std::string signal_after = {};  // sends `signal` once this was written
  int signal = 0;                 // after SIGTSTP it waits for the stop, then sends SIGCONT
  bool reads_while_stopping = true;
  int columns_then = 0;  // with SIGWINCH: the new width
};

// 80x24 cells of 10x20 pixels.
PtyRun run_in_pty(const Program& program, const Args& args, const PtyCase& terminal);

}  // namespace yent::test
