// The terminal of this process, beside standard output and error: written without waiting for it,
// asked without its answers being seen, and left as it was found, however the program ends.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>

namespace yent {

class Tty {
 public:
  // Null where the process has none.
  static std::unique_ptr<Tty> open();
  // Leaves the terminal as it was, once.
  ~Tty();
  Tty(const Tty&) = delete;
  Tty& operator=(const Tty&) = delete;

  // False in the background, where a change of the terminal's settings would stop the process.
  bool foreground() const;
  struct Size {
    int columns = 0, rows = 0, width = 0, height = 0;  // in cells; in pixels, 0 where unknown
    bool operator==(const Size&) const = default;
  };
  Size size() const;

  using Limit = std::chrono::milliseconds;
  // All of it, or false: the terminal took nothing for that long, or a signal left it.
  bool write(std::string_view bytes, Limit limit);
  // What has come until then; empty when nothing did.
  std::string read(Limit limit);

  // What is typed is not shown until the end. While it listens, keys come one by one.
  void hush(bool listens);
  // What was asked may be answered late: then nothing that comes may reach the shell.
  void discard_input() { discards_ = true; }

  // What a signal writes, to leave nothing behind: at most 256 bytes.
  void on_exit(std::string_view bytes);
  // Whether the process was stopped and goes on, so that what was drawn is lost. Tells once.
  bool was_stopped();

 private:
  explicit Tty(int fd);

  int fd_;
  std::atomic<bool> discards_ = false;
};

// Writes what the open Tty said for this case and restores its settings. May be called by a signal
// handler. Nothing is drawn any more, until `again`.
void leave_terminal();
void draw_again();

}  // namespace yent
