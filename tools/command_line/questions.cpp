#include "tools/command_line/questions.h"

namespace yent {

void add_questions(CommandLine& line, Questions& q, const std::string& program) {
  OptionGroup help(line, "Help");
  help.flag("-h,--help", q.help, "print this and stop");
  help.flag("--version", q.version, "print the version and stop");
  help.add("--completion bash|zsh|fish", q.completion,
           "print a script that completes options in this shell: source <(" + program +
               " --completion bash)");
  help.flag("--man", q.manual, "print the manual page: " + program + " --man | man -l -");
}

bool answer(const Questions& q, const About& about, const CommandLine& line) {
  if (q.help) {
    print_and_flush(help_text(about, line.rows()));
  } else if (q.version) {
    print_and_flush(std::string("yent ") + YENT_VERSION + "\n");
  } else if (q.manual) {
    print_and_flush(manual_page(about, line.rows()));
  } else if (line.given("--completion")) {
    print_and_flush(completion_script(q.completion, about.name, line.rows()));
  } else {
    return false;
  }
  return true;
}

}  // namespace yent
