#include "tools/console.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "kernels/error.h"

namespace yent {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

Console::Console(Options options)
    : options_(options), out_(options.png_on_stdout ? stderr : stdout) {
  terminal_.is_terminal = ::isatty(::fileno(out_)) == 1;
  terminal_.term = environment("TERM");
  terminal_.colorterm = environment("COLORTERM");
  terminal_.no_color = environment("NO_COLOR");
  terminal_.tmux = environment("TMUX");
  terminal_.sty = environment("STY");
  live_ = ::isatty(STDERR_FILENO) == 1;
}

Terminal Console::terminal() const {
  Terminal now = terminal_;
  winsize size = {};
  if (::ioctl(::fileno(out_), TIOCGWINSZ, &size) == 0 && size.ws_col > 0) {
    now.columns = size.ws_col;
    now.rows = size.ws_row;
  }
  return now;
}

void Console::print(const std::string& text, const std::string& recorded) {
  const std::lock_guard lock(mutex_);
  put(text, recorded);
  if (terminal_.is_terminal || this->recorded()) count_rows(text);
}

void Console::draw(const std::string& art, const std::string& recorded) {
  const std::lock_guard lock(mutex_);
  put(art, recorded);
  text_rows_ = 0;
}

void Console::begin_page() {
  const std::lock_guard lock(mutex_);
  text_rows_ = 0;
  if (overlay_) overlay_->begin_page();
}

void Console::type(const std::string& bit) {
  const std::lock_guard lock(mutex_);
  put(bit, bit);
  typed_ += bit;
  typing_ = true;
}

void Console::end_typing() {
  const std::lock_guard lock(mutex_);
  if (std::exchange(typing_, false)) put("\n", "\n");
  if (terminal_.is_terminal || this->recorded()) count_rows(typed_ + "\n" + held_);
  if (!held_.empty()) make_room(held_, [&] { std::fputs(held_.c_str(), stderr); });
  held_.clear();
  typed_.clear();
}

void Console::put(const std::string& text, const std::string& recorded) {
  make_room(recorded, [&] {
    clear_line();
    if (std::fputs(text.c_str(), out_) < 0 || std::fflush(out_) != 0) {
      throw run_error("standard output cannot be written: {}", std::strerror(errno));
    }
  });
}

void Console::say(const std::string& sentence) {
  const std::lock_guard lock(mutex_);
  write_line(sentence);
}

void Console::note(const std::string& sentence) {
  if (options_.verbose) say_once(sentence);
}

void Console::warn(const std::string& sentence) { say_once("warning: " + sentence); }

void Console::say_once(const std::string& sentence) {
  const std::lock_guard lock(mutex_);
  if (said_.insert(sentence).second) write_line(sentence);
}

void Console::write_line(const std::string& sentence) {
  if (options_.quiet) return;
  if (typing_) {
    held_ += sentence + "\n";
    return;
  }
  make_room(sentence + "\n", [&] {
    clear_line();
    std::fprintf(stderr, "%s\n", sentence.c_str());
  });
  if (live_ || recorded()) count_rows(sentence + "\n");
}

void Console::count_rows(const std::string& text) {
  text_rows_ += yent::text_rows(text, terminal().columns);
}

void Console::make_room(const std::string& text, const std::function<void()>& print) {
  if (overlay_) return overlay_->print_above(text, print);
  print();
}

void Console::progress(const std::string& what, int done, int total) {
  using Clock = std::chrono::steady_clock;
  if (!shows_progress()) return;
  const std::lock_guard lock(mutex_);
  if (done == 0) started_ = Clock::now();
  if (typing_) return;
  const double spent = std::chrono::duration<double>(Clock::now() - started_).count();
  std::string line = fmt::format("{} {}/{}", what, done, total);
  if (done > 0) line += fmt::format(", {:.0f} s left", spent / done * (total - done));
  if ((overlay_ && overlay_->progress(line)) || !live_ || options_.quiet) return;
  clear_line();
  std::fputs(line.c_str(), stderr);
  std::fflush(stderr);
  line_open_ = true;
  if (done == total) clear_line();
}

void Console::clear_line() {
  if (!line_open_) return;
  std::fputs("\r\033[K", stderr);
  line_open_ = false;
}

}  // namespace yent
