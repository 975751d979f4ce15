// yent-run in a terminal of its own, which answers as a real one does.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/support/program.h"

namespace yent::test {

struct PtyRun {
  int status = 0;                             // as of waitpid
  std::string output;                         // all that the terminal got
  bool echoes = false, is_canonical = false;  // its settings afterwards
};

struct PtyCase {
  // Questions that the terminal knows, and its answers.
  std::vector<std::pair<std::string, std::string>> answers = {};
  std::vector<std::pair<std::string, std::string>> environment = {};  // empty: taken out
  std::string signal_after = {};  // sends `signal` once this was written
  int signal = 0;
};

// 80x24 cells of 10x20 pixels.
PtyRun run_in_pty(const Program& program, const Args& args, const PtyCase& terminal);

}  // namespace yent::test
