#include "tools/live/block.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/ascii/protocols/half_blocks.h"
#include "engine/ascii/protocols/kitty.h"
#include "engine/ascii/protocols/sixel.h"
#include "tools/live/replies.h"

namespace yent {
namespace {

constexpr const char* kSave =
    "\x1b"
    "7";
constexpr const char* kRestore =
    "\x1b"
    "8";
constexpr const char *kHide = "\x1b[?25l", *kShow = "\x1b[?25h";

std::string up(int rows) { return rows > 0 ? fmt::format("\x1b[{}A", rows) : ""; }

}  // namespace

std::string Block::reserve(Shape shape) {
  std::string out = clear();
  out += std::string("\r\x1b[J") + kHide;
  out.append(shape.rows, '\n');
  out += kSave;
  shape_ = shape;
  reserved_ = true;
  return out;
}

std::string Block::frame(const Image* picture, const std::string& line) {
  std::string out = style_.synchronized ? "\x1b[?2026h" : "";
  out += kHide;
  if (picture && shape_.rows > 0) out += picture_bytes(*picture);
  out += fmt::format("{}{}\x1b[K", kRestore, line);
  if (style_.synchronized) out += "\x1b[?2026l";
  return out;
}

std::string Block::clear() {
  if (!reserved_) return {};
  reserved_ = shown_ = false;
  return fmt::format("{}{}{}\x1b[J{}", removal(), kRestore, up(shape_.rows), kShow);
}

std::string Block::exit_bytes() const {
  if (!reserved_) return {};
  // Ends what a frame has begun: a string of the protocol, a synchronized update, colours.
  return fmt::format("\x1b\\\x1b[?2026l\x1b[0m{}{}{}\x1b[J{}", removal(), kRestore, up(shape_.rows),
                     kShow);
}

std::string Block::forget() {
  if (!reserved_) return {};
  const std::string out = removal() + "\r\x1b[J" + kShow;
  reserved_ = shown_ = false;
  return out;
}

std::string Block::removal() const {
  if (style_.protocol != Protocol::kitty) return {};
  const std::string bytes = kitty_remove(kKittyIds.picture);
  return style_.in_tmux ? through_tmux(bytes) : bytes;
}

std::string Block::picture_bytes(const Image& picture) {
  const std::string begin = kRestore + up(shape_.rows);
  switch (style_.protocol) {
    case Protocol::kitty:
      return style_.in_tmux ? kitty_bytes(picture) : begin + kitty_bytes(picture);
    case Protocol::sixel:
      return begin + sixel_bytes(picture);
    case Protocol::blocks:
      break;
  }
  std::string rows = ascii_text(half_blocks(picture, shape_.columns, shape_.rows), style_.colour);
  std::string out = begin;
  for (const char c : rows) out += c == '\n' ? "\r\n" : std::string(1, c);
  return out;
}

// The picture is a little enlarged, for terminals that enlarge by repeating pixels.
std::string Block::kitty_bytes(const Image& picture) {
  if (style_.in_tmux && row_ == 0) return {};
  constexpr int side = 160;
  const int longer = std::max(picture.width, picture.height);
  const int by = std::max(1, side / longer);
  const Image large = resize(picture, picture.width * by, picture.height * by);
  const bool edits =
      shown_ && style_.kitty_edits && large.width == shown_width_ && large.height == shown_height_;
  shown_ = true;
  shown_width_ = large.width;
  shown_height_ = large.height;
  const KittyPlace place{kKittyIds.picture, shape_.columns, shape_.rows};
  const std::string bytes = edits ? kitty_edit(large, kKittyIds.picture) : kitty_show(large, place);
  if (!style_.in_tmux) return bytes;
  return through_tmux(
      fmt::format("{}\x1b[{};{}H{}{}", kSave, row_ - shape_.rows, column_, bytes, kRestore));
}

// A picture that ends in the last row of its cells, but not below.
std::string Block::sixel_bytes(const Image& picture) const {
  const int width = std::min(shape_.columns * style_.cell_width, style_.most_width);
  const int height = std::min(shape_.rows * style_.cell_height, style_.most_height);
  const double scale = std::min(static_cast<double>(width) / picture.width,
                                static_cast<double>(height) / picture.height);
  const int across = std::max(1, static_cast<int>(picture.width * scale));
  const int down = std::max(6, static_cast<int>(picture.height * scale) / 6 * 6);
  return sixel(resize(picture, across, down), style_.sixel_colours);
}

}  // namespace yent
