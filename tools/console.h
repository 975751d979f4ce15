// What yent-run says while it works. Standard output carries what was asked for; standard error
// the rest. With the PNG on standard output, everything else moves to standard error. Threads may
// share it.
#pragma once

#include <chrono>
#include <cstdio>
#include <functional>
#include <mutex>
#include <set>
#include <string>

#include "engine/ascii/terminal.h"

namespace yent {

// Something below the text in the terminal, which makes room for more text (tools/live/).
class Overlay {
 public:
  virtual ~Overlay() = default;
  // `text` is what `print` prints. Without a newline at its end, there is no room below it yet.
  virtual void print_above(const std::string& text, const std::function<void()>& print) = 0;
  // Whether it shows the line of progress itself.
  virtual bool progress(const std::string& line) = 0;
  // The terminal in which a recording of this run will play; null where none is made.
  virtual const Terminal* recorded() const = 0;
  // What was printed so far need not stay on the screen.
  virtual void begin_page() = 0;
};

class Console {
 public:
  struct Options {
    bool quiet = false, verbose = false;
    bool png_on_stdout = false;
  };
  explicit Console(Options options);

  // To standard output: text that was asked for. Throws a run error when it cannot be written.
  void print(const std::string& text) { print(text, text); }
  // The same, where a recording shows it otherwise.
  void print(const std::string& text, const std::string& recorded);
  // A line of standard output bit by bit; all that goes to standard error waits until it is ended.
  void type(const std::string& bit);
  void end_typing();
  // The same for a picture of characters. Text is then counted anew.
  void draw(const std::string& art, const std::string& recorded);
  // The rows that text has taken in the terminal since the last picture.
  int text_rows() const { return text_rows_; }
  // The text so far may scroll away: a picture that follows leaves no room for it.
  void begin_page();
  // To standard error: what a person may want to know; details only with -v; and what is wrong
  // but goes on. The last two are not repeated.
  void say(const std::string& sentence);
  void note(const std::string& sentence);
  void warn(const std::string& sentence);

  // A line that is overwritten: "painting 7/25, 12 s left". Only on a terminal.
  void progress(const std::string& what, int done, int total);
  bool shows_progress() const { return (live_ && !options_.quiet) || overlay_; }

  // Null: none. It must outlive its use here.
  void attach(Overlay* overlay) { overlay_ = overlay; }
  const Terminal* recorded() const { return overlay_ ? overlay_->recorded() : nullptr; }

  bool quiet() const { return options_.quiet; }
  // Where the ASCII picture is drawn, in its present size.
  Terminal terminal() const;

 private:
  void put(const std::string& text, const std::string& recorded);
  void write_line(const std::string& sentence);
  void say_once(const std::string& sentence);
  void clear_line();
  void count_rows(const std::string& text);
  void make_room(const std::string& text, const std::function<void()>& print);

  Options options_;
  FILE* out_;
  Overlay* overlay_ = nullptr;
  Terminal terminal_;
  bool live_ = false;  // standard error is a terminal
  bool line_open_ = false;
  bool typing_ = false;
  std::string typed_, held_;  // bits of the line, and lines that wait for its end
  int text_rows_ = 0;
  std::mutex mutex_;
  std::set<std::string> said_;
  std::chrono::steady_clock::time_point started_;
};

}  // namespace yent
