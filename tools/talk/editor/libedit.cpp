// The line editor over libedit: arrows, words, search, and a history that is kept from one
// conversation to the next.
#include <histedit.h>
#include <unistd.h>

#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "tools/talk/line_editor.h"

namespace yent {
namespace {

namespace fs = std::filesystem;

// $XDG_STATE_HOME/yent/history, or where that is by default; empty where no folder can be made.
fs::path history_file() {
  const auto folder_of = [](const char* variable) {
    const char* value = std::getenv(variable);
    return fs::path(value ? value : "");
  };
  fs::path folder = folder_of("XDG_STATE_HOME");
  if (!folder.is_absolute()) {  // the specification has relative ones ignored
    folder = folder_of("HOME");
    if (!folder.is_absolute()) return {};
    folder = folder / ".local" / "state";
  }
  std::error_code error;
  fs::create_directories(folder / "yent", error);
  return error ? fs::path() : folder / "yent" / "history";
}

class LibeditLineEditor : public LineEditor {
 public:
  explicit LibeditLineEditor(FILE* out)
      : editor_(::el_init("yent-run", stdin, out, stderr)),
        out_(out),
        history_(::history_init()),
        file_(history_file().string()) {
    HistEvent event;
    ::history(history_, &event, H_SETSIZE, 1000);
    ::history(history_, &event, H_SETUNIQUE, 1);
    if (!file_.empty()) ::history(history_, &event, H_LOAD, file_.c_str());
    ::el_set(editor_, EL_CLIENTDATA, this);
    ::el_set(editor_, EL_PROMPT, &LibeditLineEditor::prompt_of);
    ::el_set(editor_, EL_EDITOR, "emacs");
    ::el_set(editor_, EL_HIST, &::history, history_);
    ::el_set(editor_, EL_BIND, "^R", "em-inc-search-prev", nullptr);
    ::el_source(editor_, nullptr);  // the person's own keys, in ~/.editrc
  }
  LibeditLineEditor(const LibeditLineEditor&) = delete;
  LibeditLineEditor& operator=(const LibeditLineEditor&) = delete;
  ~LibeditLineEditor() override {
    ::history_end(history_);
    ::el_end(editor_);
  }

  bool is_terminal() const override { return true; }

  std::optional<std::string> read(const std::string& prompt) override {
    prompt_ = prompt;
    int count = 0;
    errno = 0;
    const char* typed = ::el_gets(editor_, &count);
    if (!typed || count <= 0) {
      const bool interrupted = errno == EINTR;
      std::fputc('\n', out_);
      if (!interrupted) return std::nullopt;
      ::el_reset(editor_);
      return "";
    }
    std::string line(typed);
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    if (line.find_first_not_of(" \t") != std::string::npos) remember(line);
    return line;
  }

 private:
  static char* prompt_of(EditLine* editor) {
    void* self = nullptr;
    ::el_get(editor, EL_CLIENTDATA, &self);
    return static_cast<LibeditLineEditor*>(self)->prompt_.data();
  }

  // Kept at once: nothing is lost when the program is killed.
  void remember(const std::string& line) {
    HistEvent event;
    ::history(history_, &event, H_ENTER, line.c_str());
    if (!file_.empty()) ::history(history_, &event, H_SAVE, file_.c_str());
  }

  EditLine* editor_;
  FILE* out_;
  History* history_;
  std::string file_, prompt_;
};

}  // namespace

std::unique_ptr<LineEditor> make_line_editor(bool json) {
  if (::isatty(STDIN_FILENO) != 1) return make_plain_line_editor(json);
  // Bytes above 127 are letters, whatever the environment says.
  if (!std::setlocale(LC_CTYPE, "C.UTF-8")) return make_plain_line_editor(json);
  return std::make_unique<LibeditLineEditor>(!json && ::isatty(STDOUT_FILENO) == 1 ? stdout
                                                                                   : stderr);
}

}  // namespace yent
