// Where the lines of a conversation come from.
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace yent {

class LineEditor {
 public:
  virtual ~LineEditor() = default;

  // Whether a person types, who sees a prompt and may change a line.
  virtual bool is_terminal() const = 0;

  // The next line, in UTF-8 and without its end; nothing when there are no more. An interrupted
  // line is empty.
  virtual std::optional<std::string> read(const std::string& prompt) = 0;
};

// Edits lines and keeps a history where standard input is a terminal and the program was built with
// libedit; else reads lines as they come. The prompt goes to standard output where that is a
// terminal and `json` is not asked for, else to standard error.
std::unique_ptr<LineEditor> make_line_editor(bool json);

// Reads lines as they come.
std::unique_ptr<LineEditor> make_plain_line_editor(bool json);

}  // namespace yent
