// A picture and a line of text at the bottom of what a terminal shows, drawn again and again in
// place; the bytes only, for a terminal or a recording.
#pragma once

#include <cstdint>
#include <string>

#include "engine/ascii/terminal.h"
#include "loaders/image/image.h"
#include "tools/live/tmux.h"

namespace yent {

enum class Protocol : uint8_t { blocks, sixel, kitty };

// How the picture is drawn.
struct BlockStyle {
  Protocol protocol = Protocol::blocks;
  TerminalColour colour = TerminalColour::truecolour;  // of half blocks
  bool synchronized = false;                           // a frame shows at once
  int cell_width = 0, cell_height = 0;                 // pixels, for sixel
  int most_width = 1000, most_height = 1000;           // of a sixel picture
  int sixel_colours = 256;
  bool kitty_edits = false;
  bool in_tmux = false;  // kitty's pictures go to the terminal around it
};

// The block hangs on a saved position of the cursor, that of the line, so whatever draws anything
// else below clears it first. Here and there the cursor is left hidden; `clear` shows it.
class Block {
 public:
  explicit Block(BlockStyle style) : style_(style) {}

  // Cells of the picture; 0 rows: the line alone.
  struct Shape {
    int columns = 0, rows = 0;
    bool operator==(const Shape&) const = default;
  };
  // What makes room for a shape below the cursor, which is in the first column. The old room is
  // cleared.
  std::string reserve(Shape shape);
  // For tmux: where the line is on the whole screen, from 1. Until then no picture is drawn.
  void place(int row, int column) { row_ = row, column_ = column; }
  // Draws. The picture may be null: then what is there stays.
  std::string frame(const Image* picture, const std::string& line);
  // Removes all of it; the cursor is then where the block began.
  std::string clear();
  // The same for a process that ends now, perhaps in the middle of a frame.
  std::string exit_bytes() const;
  // The terminal was used or changed its size meanwhile: what was drawn is not touched again.
  std::string forget();

  bool reserved() const { return reserved_; }
  Shape shape() const { return shape_; }

 private:
  std::string picture_bytes(const Image& picture);
  std::string kitty_bytes(const Image& picture);
  std::string sixel_bytes(const Image& picture) const;
  std::string removal() const;

  BlockStyle style_;
  Shape shape_ = {};
  bool reserved_ = false, shown_ = false;
  int row_ = 0, column_ = 0, shown_width_ = 0, shown_height_ = 0;
};

}  // namespace yent
