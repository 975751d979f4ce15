// The block at the bottom of the terminal, on a screen.
#include <doctest/doctest.h>

#include "tests/live/screen.h"
#include "tools/live/block.h"

using namespace yent;
using test::Screen;

namespace {

Image grey(int side) {
  Image image(side, side);
  for (uint8_t& value : image.rgb) value = 120;
  return image;
}

std::string blocks(int count) {
  std::string row;
  for (int i = 0; i < count; ++i) row += "▀";
  return row;
}

}  // namespace

TEST_CASE("block: drawn in place and removed, at the last row too") {
  for (const int first : {1, 8}) {
    CAPTURE(first);
    Screen screen(20, 10);
    for (int i = 0; i < first; ++i) screen.write("text\r\n");
    Block block({.synchronized = true});
    const Image picture = grey(8);
    screen.write(block.reserve({8, 4}));
    for (const char* line : {"painting 10/25", "painting 11"}) {
      screen.write(block.frame(&picture, line));
      CHECK_FALSE(screen.cursor_visible);
      CHECK_FALSE(screen.synchronized);
      CHECK(screen.filled_rows() == std::min(first, 5) + 5);
      const int bottom = screen.cursor_row();
      CHECK(screen.row(bottom) == line);
      for (int row = 1; row <= 4; ++row) CHECK(screen.row(bottom - row) == blocks(8));
      CHECK(screen.row(bottom - 5) == "text");
    }
    screen.write(block.clear());
    CHECK(screen.cursor_visible);
    CHECK_FALSE(screen.styled);
    CHECK(screen.cursor_column() == 0);
    CHECK(screen.filled_rows() == std::min(first, 5));
    screen.write("art\r\n");
    CHECK(screen.row(std::min(first, 5)) == "art");
    CHECK(screen.unknown.empty());
    CHECK(block.clear().empty());
  }
}

TEST_CASE("block: an exit in the middle of a frame leaves nothing") {
  const Image picture = grey(8);
  Block block(BlockStyle{});
  const std::string before = "text\r\n" + block.reserve({8, 4});
  const std::string frame = block.frame(&picture, "line");
  for (size_t cut = 0; cut < frame.size(); cut += 3) {
    Screen screen(20, 10);
    screen.write(before + frame.substr(0, cut) + block.exit_bytes() + "$ ");
    CHECK(screen.cursor_visible);
    CHECK_FALSE(screen.styled);
    CHECK(screen.text().starts_with("text\n$\n"));
  }
}

TEST_CASE("block: sixel pictures keep inside their cells, with a palette in each") {
  Block block({.protocol = Protocol::sixel, .cell_width = 10, .cell_height = 21, .most_width = 90});
  block.reserve({10, 4});
  const Image picture = grey(64);
  for (int k = 0; k < 2; ++k) {
    const std::string bytes = block.frame(&picture, "");
    const size_t raster = bytes.find("\"1;1;");
    REQUIRE(raster != bytes.npos);
    CHECK(bytes.substr(raster, 10) == "\"1;1;84;84");  // 84 is 4 cells and a multiple of six
    CHECK(bytes.find("#0;2;") != bytes.npos);
    CHECK(bytes.find("\x1b"
                     "8\x1b[4A\x1bP") != bytes.npos);
  }
}

TEST_CASE("block: kitty pictures are shown once, edited, and removed") {
  const Image picture = grey(64);
  for (const bool edits : {true, false}) {
    Block block({.protocol = Protocol::kitty, .kitty_edits = edits});
    block.reserve({10, 5});
    CHECK(block.frame(&picture, "").find("\x1b_Ga=T,") != std::string::npos);
    const std::string second = block.frame(&picture, "");
    CHECK((second.find("\x1b_Ga=f,") != std::string::npos) == edits);
    CHECK((second.find("\x1b_Ga=T,") != std::string::npos) == !edits);
    CHECK(block.exit_bytes().find("a=d,d=I") != std::string::npos);
    CHECK(block.exit_bytes().size() <= 256);
    CHECK(block.clear().find("a=d,d=I") != std::string::npos);
  }
}

TEST_CASE("block: through tmux the moves are in the passthrough") {
  Block block({.protocol = Protocol::kitty, .kitty_edits = true, .in_tmux = true});
  const Image picture = grey(64);
  block.reserve({10, 5});
  CHECK(block.frame(&picture, "").find("Ptmux") == std::string::npos);  // not known where
  block.place(30, 7);
  const std::string bytes = block.frame(&picture, "");
  const size_t begin = bytes.find("\x1bPtmux;"), move = bytes.find("\x1b\x1b[25;7H");
  CHECK(begin < move);
  CHECK(move < bytes.find("\x1b\x1b_Ga=T"));
  CHECK(block.exit_bytes().size() <= 256);
}
