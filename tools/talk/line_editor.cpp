#include "tools/talk/line_editor.h"

#include <unistd.h>

#include <cstdio>

#include "tools/talk/piped_words.h"

namespace yent {
namespace {

class PlainLineEditor : public LineEditor {
 public:
  explicit PlainLineEditor(bool json)
      : is_terminal_(::isatty(STDIN_FILENO) == 1),
        out_(!json && ::isatty(STDOUT_FILENO) == 1 ? stdout : stderr) {}

  bool is_terminal() const override { return is_terminal_; }

  std::optional<std::string> read(const std::string& prompt) override {
    if (is_terminal_) {
      std::fputs(prompt.c_str(), out_);
      std::fflush(out_);
    }
    const std::optional<std::string> line = piped_line();
    if (is_terminal_ && (!line || line->empty())) std::fputc('\n', out_);
    return line;
  }

 private:
  bool is_terminal_;
  FILE* out_;
};

}  // namespace

std::unique_ptr<LineEditor> make_plain_line_editor(bool json) {
  return std::make_unique<PlainLineEditor>(json);
}

}  // namespace yent
