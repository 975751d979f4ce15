// The options that ask a program about itself instead of a run: help, version, manual page and
// completions.
#pragma once

#include <string>

#include "tools/command_line/option_group.h"

namespace yent {

struct Questions {
  bool help = false, version = false, manual = false;
  std::string completion;
};

// Under the heading Help. `program` is the name that is typed.
void add_questions(CommandLine& line, Questions& q, const std::string& program);

// Prints the answer, if one was asked for; the program is then done.
bool answer(const Questions& q, const About& about, const CommandLine& line);

}  // namespace yent
