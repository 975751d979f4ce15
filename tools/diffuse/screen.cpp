#include "tools/diffuse/screen.h"

#include <algorithm>
#include <string_view>

#include "loaders/io/output_file.h"

namespace yent::diffuse {
namespace {

constexpr std::string_view kEnter = "\033[?1049h\033[?25l", kLeave = "\033[?25h\033[?1049l";
// Between these two a terminal shows nothing of what it gets.
constexpr std::string_view kBegin = "\033[?2026h", kEnd = "\033[?2026l";
constexpr Tty::Limit kPatience{2000};

}  // namespace

Screen::Screen(const Options& options, Console& console, const Size& size)
    : options_(options), console_(console), size_(size) {
  for (const std::string* file : {&options.cast, &options.apng, &options.output}) {
    if (!file->empty() && *file != "-") ensure_writable(*file);
  }
  if (!options.cast.empty()) {
    cast_.emplace(size.columns, size.rows, "yent-diffuse");
    cast_->write_at(0, "\033[?25l");
  }
  if (!options.apng.empty()) apng_.emplace(size.delay_ms);
  const bool in_terminal = console.terminal().is_terminal && !options.plain && !options.json &&
                           !options.quiet && options.output.empty();
  if (in_terminal) open_terminal();
}

Screen::~Screen() {
  if (tty_) tty_->write(kLeave, kPatience);
}

void Screen::open_terminal() {
  tty_ = Tty::open();
  if (tty_ && !tty_->foreground()) tty_ = nullptr;
  if (!tty_) return;
  tty_->on_exit(kLeave);
  tty_->discard_input();
  tty_->hush(true);
  tty_->write(kEnter, kPatience);
}

void Screen::draw(const Frame& frame) {
  if (tty_->was_stopped()) {
    tty_->hush(true);
    tty_->write(kEnter, kPatience);
  }
  const Tty::Size now = tty_->size();
  const int columns = now.columns > 0 ? now.columns : 80, rows = now.rows > 0 ? now.rows : 24;
  std::string text(kBegin);
  if (now != drawn_) text += "\033[2J";
  drawn_ = now;
  text += terminal_text(frame, columns, rows);
  if (!tty_->write(text + std::string(kEnd), kPatience)) stopped_ = true;
}

// Whether the animation goes on.
bool Screen::wait(std::chrono::milliseconds time) {
  if (!tty_) return true;
  for (const char key : tty_->read(time)) {
    if (key == 'q' || key == 'Q' || key == '\033') stopped_ = true;
  }
  return !stopped_;
}

bool Screen::show(const Frame& frame) {
  frames_.push_back(frame);
  const auto count = static_cast<int>(frames_.size());
  if (tty_) draw(frame);
  if (apng_) apng_->add(picture(frame, size_.columns, size_.rows));
  if (cast_) {
    cast_->write_at((count - 1) * size_.delay_ms / 1000.0,
                    terminal_text(frame, size_.columns, size_.rows));
  }
  if (options_.plain) console_.print(plain_text(frame) + "\n");
  return wait(std::chrono::milliseconds(0)) && (options_.frames == 0 || count < options_.frames);
}

void Screen::finish(const CancelToken& token) {
  if (cast_) write_file_atomically(options_.cast, cast_->text());
  if (apng_) write_file_atomically(options_.apng, apng_->finish());
  const std::string last = plain_text(frames_.back());
  if (!options_.output.empty() && options_.output != "-") {
    write_file_atomically(options_.output, std::string_view(last));
  } else if (!tty_ && !options_.plain && !options_.json) {
    console_.print(last);
  }
  const std::chrono::milliseconds delay(size_.delay_ms);
  for (int loop = 1; tty_ && !stopped_ && (options_.loops == 0 || loop < options_.loops); ++loop) {
    for (const Frame& frame : frames_) {
      CancelToken::check(&token);
      draw(frame);
      if (!wait(delay)) break;
    }
    wait(delay * 50);  // the finished text stays a while
  }
}

}  // namespace yent::diffuse
