// Where an animation goes: the terminal, in place; standard output as text; files.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/core/cancel.h"
#include "loaders/image/apng.h"
#include "tools/console.h"
#include "tools/diffuse/frame.h"
#include "tools/diffuse/options.h"
#include "tools/live/cast.h"
#include "tools/live/tty.h"

namespace yent::diffuse {

class Screen {
 public:
  // Frames have this many cells at the most, and stay for `delay_ms` when they are repeated.
  struct Size {
    int columns = 0, rows = 0, delay_ms = 0;
  };
  Screen(const Options& options, Console& console, const Size& size);
  // Leaves the terminal as it was.
  ~Screen();

  // False when enough frames were shown, or the person wants to stop: that was the last one.
  bool show(const Frame& frame);
  // Writes the files; then repeats the frames in the terminal until the person stops it.
  void finish(const CancelToken& token);

 private:
  void open_terminal();
  void draw(const Frame& frame);
  bool wait(std::chrono::milliseconds time);

  const Options& options_;
  Console& console_;
  Size size_;
  std::unique_ptr<Tty> tty_;  // null: no terminal
  Tty::Size drawn_;
  std::optional<Cast> cast_;
  std::optional<ApngWriter> apng_;
  std::vector<Frame> frames_;
  bool stopped_ = false;
};

}  // namespace yent::diffuse
