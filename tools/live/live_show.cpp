#include "tools/live/live_show.h"

#include <signal.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>

#include "loaders/io/output_file.h"
#include "tools/live/probe.h"

namespace yent {
namespace {

constexpr Tty::Limit kPatience{2000};            // with a terminal that takes nothing
constexpr std::chrono::milliseconds kPause{50};  // between frames

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value && *value;
}

PreviewWish wish_of(const Options& o) {
  return {.preview = o.preview,
          .raw = o.filter == "none",
          .color = o.color && o.color_when != "never",
          .ci = is_set("CI"),
          .tmux = is_set("TMUX")};
}

// A line that would wrap could not be drawn over.
std::string cut(const std::string& line, int columns) {
  return line.substr(0, static_cast<size_t>(std::max(columns - 1, 0)));
}

}  // namespace

LiveShow::LiveShow(Console& console, const Options& options)
    : console_(console),
      wish_(wish_of(options)),
      wants_terminal_(!options.json && console.shows_progress() &&
                      wants_preview(wish_, console.terminal())),
      columns_(options.columns),
      record_(options.record) {
  if (!record_.empty()) start_record();
  if (wants_terminal_ || cast_) console_.attach(this);
}

LiveShow::~LiveShow() {
  end();
  console_.attach(nullptr);
}

// Without a terminal one of 80x24 is assumed that has all colours.
void LiveShow::start_record() {
  recorded_ = console_.terminal();
  recorded_size_ = {.columns = 80, .rows = 24};
  if (!recorded_.is_terminal) {
    recorded_.is_terminal = true;
    recorded_.term = "xterm-256color";
    recorded_.colorterm = "truecolor";
    recorded_.no_color.clear();
  } else if (const auto tty = Tty::open()) {
    if (tty->size().columns > 0) recorded_size_ = tty->size();
  }
  recorded_.columns = recorded_size_.columns;
  recorded_.rows = recorded_size_.rows;
  cast_.emplace(recorded_size_.columns, recorded_size_.rows, "yent");
  cast_block_.emplace(BlockStyle{});
}

LiveShow::Session::Session(LiveShow* show, const Pipeline::Resolution& made, PaintEvents& events)
    : show_(show) {
  if (!show_) return;
  show_->begin(made.width, made.height);
  if (!show_->thread_.joinable()) return;
  events.rough = [show](Image&& picture, int, int) {
    show->show(std::make_shared<const Image>(std::move(picture)));
  };
}

LiveShow::Session::~Session() {
  if (show_) show_->end();
}

void LiveShow::Session::finish_picture() {
  if (show_) show_->show(nullptr);
}

void LiveShow::begin(int width, int height) {
  width_ = width;
  height_ = height;
  if (wants_terminal_) tty_ = Tty::open();
  if (tty_ && !tty_->foreground()) tty_.reset();
  if (!tty_ && !cast_) return;
  // Signals are for the threads that know what to do with them.
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void LiveShow::end() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(latest_);
    stops_ = true;
  }
  changed_.notify_all();
  thread_.join();
  const std::lock_guard lock(drawing_);
  if (block_) {
    if (torn_) tty_->write(block_->exit_bytes(), kPatience);
    clear_terminal();
  }
  if (cast_) cast_->write(cast_block_->clear());
  block_.reset();
  tty_.reset();
  picture_ = nullptr;
  line_.clear();
  stops_ = is_new_ = torn_ = false;
  text_rows_ = 0;
}

// A picture, or the end of one.
void LiveShow::show(std::shared_ptr<const Image> picture) {
  if (!picture) record_unseen();
  const std::lock_guard lock(latest_);
  if (!picture) line_.clear();
  picture_ = std::move(picture);
  is_new_ = true;
  changed_.notify_one();
}

// However busy the machine is, a recording has a frame of every picture.
void LiveShow::record_unseen() {
  if (!cast_) return;
  std::unique_lock lock(latest_);
  const std::shared_ptr<const Image> picture = picture_;
  const std::string line = line_;
  lock.unlock();
  const std::lock_guard drawing(drawing_);
  if (picture && !cast_has_frame_ && !line_is_open_) draw_cast(picture.get(), line);
  cast_has_frame_ = false;  // of the next picture
}

bool LiveShow::progress(const std::string& line) {
  if (!thread_.joinable()) return false;
  const std::lock_guard lock(latest_);
  line_ = line;
  is_new_ = true;
  changed_.notify_one();
  return tty_ != nullptr;
}

void LiveShow::print_above(const std::string& text, const std::function<void()>& print) {
  const std::lock_guard drawing(drawing_);
  if (block_) clear_terminal();
  if (cast_) cast_->write(cast_block_->clear() + text);
  if (!text.empty()) line_is_open_ = text.back() != '\n';
  text_rows_ += text_rows(text, size_.columns > 0 ? size_.columns : recorded_size_.columns);
  print();
  const std::lock_guard lock(latest_);
  is_new_ = true;
  changed_.notify_one();
}

void LiveShow::begin_page() {
  const std::lock_guard drawing(drawing_);
  text_rows_ = 0;
}

void LiveShow::run() {
  if (tty_) ask_terminal();
  std::unique_lock lock(latest_);
  while (true) {
    changed_.wait(lock, [this] { return stops_ || is_new_; });
    if (stops_) return;
    is_new_ = false;
    const std::shared_ptr<const Image> picture = picture_;
    const std::string line = line_;
    lock.unlock();
    {
      const std::lock_guard drawing(drawing_);
      if (block_ && !line_is_open_) draw_terminal(picture.get(), line);
      if (cast_ && !line_is_open_) draw_cast(picture.get(), line);
    }
    lock.lock();
    changed_.wait_for(lock, kPause, [this] { return stops_; });
  }
}

void LiveShow::ask_terminal() {
  const bool through = wish_.tmux && wish_.preview == "kitty";
  if (!replies_) replies_ = probe(*tty_, through);
  tty_->hush(false);
  size_ = tty_->size();
  const auto style = block_style(wish_, console_.terminal(), *replies_, size_);
  if (style && style->in_tmux && style->protocol == Protocol::kitty) pane_ = tmux_pane();
  const std::lock_guard drawing(drawing_);
  shows_pictures_ = style.has_value();
  block_.emplace(style.value_or(BlockStyle{}));  // for the line at least
}

void LiveShow::draw_terminal(const Image* picture, const std::string& line) {
  if (!tty_->foreground()) return;
  if (torn_) {
    // What follows a torn frame would be read as its rest.
    if (!tty_->write(block_->exit_bytes(), kPatience)) return;
    block_->forget();
    torn_ = false;
  }
  const Tty::Size size = tty_->size();
  if (tty_->was_stopped() || size != size_) {
    tty_->hush(false);
    tty_->write(block_->forget(), kPatience);
    size_ = size;
  }
  if (!picture && line.empty()) return clear_terminal();
  const Block::Shape shape = picture && shows_pictures_
                                 ? fitting_shape(size_, text_rows_, columns_, width_, height_)
                                 : Block::Shape{};
  if (!block_->reserved() || block_->shape() != shape) reserve(shape);
  torn_ = !tty_->write(block_->frame(picture, cut(line, size_.columns)), kPatience);
}

void LiveShow::reserve(Block::Shape shape) {
  torn_ = !tty_->write(block_->reserve(shape), kPatience);
  tty_->on_exit(block_->exit_bytes());
  if (!pane_.known) return;
  if (const auto [row, column] = cursor_of(*tty_); row > 0) {
    block_->place(pane_.row + row, pane_.column + column);
  }
}

void LiveShow::clear_terminal() {
  tty_->write(block_->clear(), kPatience);
  tty_->on_exit("");
}

void LiveShow::draw_cast(const Image* picture, const std::string& line) {
  if (!picture && line.empty()) return cast_->write(cast_block_->clear());
  cast_has_frame_ = cast_has_frame_ || picture;
  const Block::Shape shape =
      picture ? fitting_shape(recorded_size_, text_rows_, columns_, width_, height_)
              : Block::Shape{};
  std::string out;
  if (!cast_block_->reserved() || cast_block_->shape() != shape) out = cast_block_->reserve(shape);
  cast_->write(out + cast_block_->frame(picture, cut(line, recorded_size_.columns)));
}

void LiveShow::write_record() const {
  if (cast_) write_file_atomically(record_, cast_->text());
}

}  // namespace yent
