// Answers of real terminals, and the way that each of them is drawn in.
#include <doctest/doctest.h>

#include "tools/live/replies.h"
#include "tools/live/style.h"

using namespace yent;

namespace {

struct Recorded {
  const char* name;
  std::string bytes;
  TerminalReplies expected;
};

const std::string kOk = "\x1b_Gi=1867001;OK\x1b\\";
const std::string kEdits = "\x1b_Gi=1867002,r=1;ENOENT:Animation command refers to no image\x1b\\";

TerminalReplies read(const std::string& bytes, size_t at_once) {
  ReplyReader reader;
  for (size_t i = 0; i < bytes.size(); i += at_once) reader.feed(bytes.substr(i, at_once));
  return reader.replies();
}

const Tty::Size kSize{.columns = 80, .rows = 24, .width = 800, .height = 480};

Terminal terminal(const std::string& term) {
  Terminal t;
  t.is_terminal = true;
  t.term = term;
  t.colorterm = "truecolor";
  return t;
}

std::optional<BlockStyle> style_of(const std::string& bytes, const PreviewWish& wish = {},
                                   const std::string& term = "xterm-256color") {
  return block_style(wish, terminal(term), read(bytes, 1000), kSize);
}

const std::string kXterm =
    "\x1bP>|XTerm(379)\x1b\\\x1b[?63;1;2;4;6;9;15;22c\x1b[?2026;0$y\x1b[?1;0;16S"
    "\x1b[?2;0;1000;1000S\x1b[?63;1;2;4;6;9;15;22c";
const std::string kKitty =
    "\x1bP>|kitty(0.26.5)\x1b\\\x1b[?62;c\x1b[?2026;2$y" + kOk + kEdits + "\x1b[?62;c";
const std::string kKonsole =
    "\x1bP>|Konsole 22.12.3\x1b\\\x1b[?62;1;4c\x1b[?2;0;10000;10000S" + kOk + "\x1b[?62;1;4c";
const std::string kFoot =
    "\x1bP>|foot(1.13.1)\x1b\\\x1b[?62;4;22c\x1b[?2026;2$y\x1b[?1;0;1024S"
    "\x1b[?2;0;800;480S\x1b[?62;4;22c";
const std::string kTmux = "\x1bP>|tmux 3.3a\x1b\\\x1b[?1;2c";
const std::string kScreen = "\x1b[?1;2c";

}  // namespace

TEST_CASE("replies: recorded answers, whole and byte by byte") {
  for (const size_t at_once : {1000, 1, 7}) {
    CAPTURE(at_once);
    const TerminalReplies xterm = read(kXterm, at_once);
    CHECK(xterm.attributes);
    CHECK(xterm.name == "XTerm(379)");
    CHECK(xterm.sixel);
    CHECK(xterm.sixel_width == 1000);
    CHECK(xterm.sixel_colours == 16);
    CHECK_FALSE(xterm.synchronized);
    CHECK_FALSE(xterm.kitty);

    const TerminalReplies kitty = read(kKitty, at_once);
    CHECK(kitty.kitty);
    CHECK(kitty.kitty_edits);
    CHECK(kitty.synchronized);
    CHECK_FALSE(kitty.sixel);

    const TerminalReplies konsole = read(kKonsole, at_once);
    CHECK(konsole.kitty);
    CHECK_FALSE(konsole.kitty_edits);
    CHECK(read("\x1b[12;40R", at_once).cursor_row == 12);
  }
}

TEST_CASE("replies: keys, errors and cut answers are nothing") {
  CHECK(read("abc\x1b[A\x1bOP\x1b", 1).name.empty());
  CHECK_FALSE(read("\x1b_Gi=1867001;EINVAL:bad\x1b\\", 1).kitty);
  CHECK_FALSE(read("\x1b_Gi=18670011;OK\x1b\\", 1).kitty);
  CHECK_FALSE(read("\x1b_Gi=1867001;OK", 1).kitty);
  CHECK_FALSE(read("\x1b[62;4c", 1).attributes);
  CHECK_FALSE(read("\x1b[?4c", 1).sixel);  // the first number is the class
  ReplyReader reader;
  reader.feed("\x1bP>|" + std::string(10000, 'x'));
  reader.feed(kScreen);
  CHECK(reader.replies().attributes);
}

TEST_CASE("style: each terminal gets what it can show") {
  CHECK(style_of(kKitty)->protocol == Protocol::kitty);
  CHECK(style_of(kKitty)->kitty_edits);
  CHECK(style_of(kKitty)->synchronized);
  CHECK(style_of(kKonsole)->protocol == Protocol::kitty);
  CHECK_FALSE(style_of(kKonsole)->kitty_edits);
  CHECK(style_of(kFoot)->protocol == Protocol::sixel);
  CHECK(style_of(kXterm)->protocol == Protocol::sixel);
  CHECK(style_of(kXterm)->sixel_colours == 16);
  CHECK(style_of(kXterm)->cell_width == 10);
  CHECK(style_of(kTmux, {.tmux = true})->protocol == Protocol::blocks);
  CHECK(style_of("")->protocol == Protocol::blocks);
  CHECK(style_of("")->colour == TerminalColour::truecolour);
}

TEST_CASE("style: GNU screen gets 256 colours, whatever it inherits and whoever is around it") {
  for (const char* preview : {"auto", "blocks", "sixel", "kitty"}) {
    const auto style = style_of(kScreen, {.preview = preview}, "screen.xterm-256color");
    CHECK(style->protocol == Protocol::blocks);
    CHECK(style->colour == TerminalColour::indexed);
  }
}

TEST_CASE("style: a name is obeyed, where it can be") {
  CHECK(style_of(kKitty, {.preview = "blocks"})->protocol == Protocol::blocks);
  CHECK(style_of(kFoot, {.preview = "kitty"})->protocol == Protocol::kitty);
  CHECK(style_of("", {.preview = "sixel"})->protocol == Protocol::sixel);
  // Through tmux, kitty's terminal must have answered; sixel's cells are not known.
  CHECK(style_of(kTmux, {.preview = "kitty", .tmux = true})->protocol == Protocol::blocks);
  CHECK(style_of(kTmux + kOk, {.preview = "kitty", .tmux = true})->protocol == Protocol::kitty);
  CHECK(style_of(kTmux, {.preview = "sixel", .tmux = true})->protocol == Protocol::blocks);
}

TEST_CASE("style: nothing without colours, a terminal, or anybody who looks") {
  const Terminal colour = terminal("xterm-256color");
  CHECK(wants_preview({}, colour));
  CHECK_FALSE(wants_preview({.preview = "none"}, colour));
  CHECK_FALSE(wants_preview({.raw = true}, colour));
  CHECK_FALSE(wants_preview({.color = false}, colour));
  CHECK_FALSE(wants_preview({.ci = true}, colour));
  CHECK_FALSE(wants_preview({.preview = "kitty"}, terminal("dumb")));
  Terminal plain = colour;
  plain.no_color = "1";
  CHECK_FALSE(wants_preview({}, plain));
  CHECK(wants_preview({.preview = "blocks"}, plain));
  plain.is_terminal = false;
  CHECK_FALSE(wants_preview({.preview = "blocks"}, plain));
  Terminal mono = terminal("vt100");
  mono.colorterm.clear();
  CHECK_FALSE(block_style({}, mono, read(kScreen, 1), kSize).has_value());
}

TEST_CASE("style: the picture fits below the text") {
  const Tty::Size size{.columns = 80, .rows = 24};
  CHECK(fitting_shape(size, 2, 100, 512, 512) == Block::Shape{40, 20});
  CHECK(fitting_shape(size, 2, 100, 1024, 512) == Block::Shape{80, 20});
  CHECK(fitting_shape(size, 2, 20, 512, 512) == Block::Shape{20, 10});
  CHECK(fitting_shape(size, 100, 100, 512, 512).rows == 22);
  CHECK(fitting_shape({.columns = 80, .rows = 5}, 0, 100, 512, 512).rows == 0);
  CHECK(fitting_shape({}, 0, 100, 512, 512).rows == 0);
}
