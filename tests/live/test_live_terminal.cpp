// A picture that forms in a terminal: the program in a pty that answers as recorded terminals do.
#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>

#include <algorithm>

#include "tests/live/pty.h"
#include "tests/live/screen.h"

namespace yent::test {
namespace {

const std::string kDa1 = "\x1b[c", kVersion = "\x1b[>q";
const PtyCase kKitty = {
    .answers = {{kVersion, "\x1bP>|kitty(0.26.5)\x1b\\"},
                {kDa1, "\x1b[?62;c"},
                {"\x1b[?2026$p", "\x1b[?2026;2$y"},
                {"\x1b_Ga=q,", "\x1b_Gi=1867001;OK\x1b\\"},
                {"\x1b_Ga=f,i=1867002,", "\x1b_Gi=1867002,r=1;ENOENT:x\x1b\\"}}};
const PtyCase kXterm = {.answers = {{kVersion, "\x1bP>|XTerm(379)\x1b\\"},
                                    {kDa1, "\x1b[?63;1;2;4;6;9;15;22c"},
                                    {"\x1b[?2026$p", "\x1b[?2026;0$y"},
                                    {"\x1b[?2;1S", "\x1b[?2;0;1000;1000S"}}};
const PtyCase kTmux = {.answers = {{kVersion, "\x1bP>|tmux 3.3a\x1b\\"}, {kDa1, "\x1b[?1;2c"}},
                       .environment = {{"TMUX", "/none,1,0"}, {"TERM", "tmux-256color"}}};
const PtyCase kScreen = {.answers = {{kDa1, "\x1b[?1;2c"}},
                         .environment = {{"STY", "1.x"}, {"TERM", "screen.xterm-256color"}}};
const PtyCase kMute = {};

PtyRun paint(const PtyCase& terminal, const Args& more, int steps) {
  return run_in_pty(Program(),
                    Args{"--device", "cpu", "-t", "1", "-m", kGolden + "toy_painter", "--steps",
                         std::to_string(steps), "-s", "5", "-p", "x", "-o", "/dev/null"} +
                        more,
                    terminal);
}

bool has(const PtyRun& run, const std::string& bytes) {
  return run.output.find(bytes) != std::string::npos;
}

const std::string kHalfBlock = "m▀", kKittyPicture = "\x1b_Ga=T,", kSixelPicture = "\x1bP0;1;0q";
const std::string kKittyFrame = "\x1b_Ga=f,i=1867003", kLine = "painting";

struct Painted {
  PtyRun run;
  int steps;
};

// A fast processor has painted before a terminal has answered: then with more steps, until `bytes`
// were written.
Painted paint_until(const std::string& bytes, const PtyCase& terminal, const Args& more = {}) {
  for (int steps = 60;; steps *= 4) {
    PtyRun run = paint(terminal, more, steps);
    if (has(run, bytes) || steps > 900) return {std::move(run), steps};
  }
}

void check_left_as_found(const PtyRun& run) {
  CHECK(run.after.echoes);
  CHECK(run.after.is_canonical);
  const size_t hidden = run.output.rfind("\x1b[?25l"), shown = run.output.rfind("\x1b[?25h");
  CHECK(hidden != run.output.npos);
  CHECK(shown != run.output.npos);
  CHECK(shown > hidden);
}

}  // namespace

TEST_CASE("live: each terminal gets its own pictures, and is left as it was") {
  if (Program::absent()) return;
  const struct {
    const char* name;
    const PtyCase& terminal;
    bool kitty, sixel, blocks;
  } cases[] = {{"kitty", kKitty, true, false, false},
               {"xterm", kXterm, false, true, false},
               {"tmux", kTmux, false, false, true},
               {"screen", kScreen, false, false, true},
               {"mute", kMute, false, false, true}};
  for (const auto& c : cases) {
    CAPTURE(c.name);
    const PtyRun run = paint_until(c.kitty ? kKittyFrame : kLine, c.terminal).run;
    CHECK(WIFEXITED(run.status));
    CHECK(WEXITSTATUS(run.status) == 0);
    CHECK(has(run, kKittyPicture) == c.kitty);
    CHECK(has(run, kSixelPicture) == c.sixel);
    CHECK(has(run, kHalfBlock) == c.blocks);
    CHECK(has(run, kLine));
    check_left_as_found(run);
    if (c.kitty) CHECK(run.output.rfind("a=d,d=I") > run.output.rfind(kKittyFrame));
  }
  // An unwrapped question about kitty's pictures would change a title there.
  for (const PtyCase* terminal : {&kTmux, &kScreen, &kMute})
    CHECK_FALSE(has(paint_until(kLine, *terminal).run, "\x1b_G"));
  CHECK_FALSE(has(paint_until(kLine, kScreen).run, "38;2;"));
}

TEST_CASE("live: in the end the screen shows what it shows without previews") {
  if (Program::absent()) return;
  const Args blocks = {"--preview", "blocks"}, none = {"--preview", "none"};
  const Painted with = paint_until(kHalfBlock, kMute, blocks);
  const PtyRun runs[] = {paint(kMute, none, with.steps), with.run};
  CHECK(has(runs[1], kHalfBlock));
  CHECK_FALSE(has(runs[0], kHalfBlock));
  std::string texts[2];
  for (const PtyRun& run : runs) {
    Screen screen(80, 24);
    std::string known = run.output;
    for (const std::string& question : {kVersion, kDa1}) {
      if (const size_t at = known.find(question); at != known.npos)
        known.erase(at, question.size());
    }
    screen.write(known);
    CHECK(screen.unknown.empty());
    CHECK(screen.cursor_visible);
    CHECK(screen.cursor_column() == 0);
    std::string& text = texts[&run - runs];
    for (int row = 0; row < 24; ++row) text += screen.row(row) + "\n";
    CHECK(text.find("▀") == text.npos);
  }
  // The preview may have scrolled the same rows up.
  const auto trimmed = [](const std::string& text) {
    const size_t begin = text.find_first_not_of('\n'), end = text.find_last_not_of('\n');
    return text.substr(begin, end - begin + 1);
  };
  CHECK(trimmed(texts[0]) == trimmed(texts[1]));
}

TEST_CASE("live: a signal leaves the terminal as it was") {
  if (Program::absent()) return;
  for (const int signal : {SIGINT, SIGTERM, SIGQUIT}) {
    CAPTURE(signal);
    PtyCase terminal = kKitty;
    terminal.signal = signal;
    terminal.signal_after = kKittyFrame;
    const PtyRun run = paint(terminal, {}, 900);
    if (signal == SIGINT) {
      CHECK(WIFEXITED(run.status));
      CHECK(WEXITSTATUS(run.status) == 130);
    } else {
      CHECK(WIFSIGNALED(run.status));
      CHECK(WTERMSIG(run.status) == signal);
    }
    check_left_as_found(run);
    CHECK(run.output.rfind("a=d,d=I") > run.output.rfind(kKittyFrame));
    CHECK(run.output.rfind("\x1b[?2026l") > run.output.rfind("\x1b[?2026h"));
  }
}

TEST_CASE("live: Ctrl-Z gives the terminal back, and the picture goes on after it") {
  if (Program::absent()) return;
  for (const bool kitty : {true, false}) {
    CAPTURE(kitty);
    PtyCase terminal = kitty ? kKitty : kMute;
    terminal.signal = SIGTSTP;
    terminal.signal_after = kitty ? kKittyFrame : kHalfBlock;
    const PtyRun run = paint(terminal, {}, 900);
    CHECK(WIFEXITED(run.status));
    CHECK(WEXITSTATUS(run.status) == 0);
    CHECK(run.stopped.echoes);
    CHECK(run.stopped.is_canonical);
    const std::string before = run.output.substr(0, run.turned_at);
    const std::string later = run.output.substr(run.turned_at);
    CHECK(before.rfind("\x1b[?25h") > before.rfind("\x1b[?25l"));
    if (kitty) CHECK(before.rfind("a=d,d=I") > before.rfind(kKittyFrame));
    CHECK(later.find(kitty ? kKittyPicture : kHalfBlock) != later.npos);
    check_left_as_found(run);
  }
}

TEST_CASE("live: Ctrl-Z restores the settings of a terminal that reads nothing, too") {
  if (Program::absent()) return;
  PtyCase terminal = kKitty;
  terminal.signal = SIGTSTP;
  terminal.signal_after = kKittyFrame;
  terminal.reads_while_stopping = false;
  const PtyRun run = paint(terminal, {}, 900);
  CHECK(run.stopped.echoes);
  CHECK(run.stopped.is_canonical);
  check_left_as_found(run);
}

TEST_CASE("live: a terminal that gets narrower gets narrower pictures") {
  if (Program::absent()) return;
  PtyCase terminal = kMute;
  terminal.signal = SIGWINCH;
  terminal.columns_then = 16;
  terminal.signal_after = kHalfBlock;
  const PtyRun run = paint(terminal, {}, 900);
  CHECK(WEXITSTATUS(run.status) == 0);
  check_left_as_found(run);
  // The greatest number of cells, each with a colour, in a line of pictures or of characters.
  const auto cells = [](const std::string& text) {
    int most = 0, now = 0;
    for (size_t at = 0; at < text.size(); ++at) {
      if (text[at] == '\n') now = 0;
      now += text.compare(at, 5, "38;2;") == 0;
      most = std::max(most, now);
    }
    return most;
  };
  CHECK(cells(run.output.substr(0, run.turned_at)) > 16);
  // The frame that was under way may still be as wide.
  const size_t next = run.output.find("painting", run.turned_at + 4000);
  REQUIRE(next != run.output.npos);
  const std::string later = run.output.substr(next);
  CHECK(later.find(kHalfBlock) != later.npos);
  CHECK(cells(later) <= 16);
}

TEST_CASE("live: an error leaves the terminal as it was") {
  if (Program::absent()) return;
  // The picture cannot be written to a full device.
  const PtyRun run = paint_until(kLine, kMute, {"-o", "/dev/full"}).run;
  CHECK(WEXITSTATUS(run.status) == 1);
  CHECK(has(run, "yent-run: "));
  check_left_as_found(run);
}

TEST_CASE("live: nothing where nobody looks or colours are not wanted") {
  if (Program::absent()) return;
  PtyCase no_color = kKitty, ci = kKitty, dumb = kKitty;
  no_color.environment = {{"NO_COLOR", "1"}};
  ci.environment = {{"CI", "true"}};
  dumb.environment = {{"TERM", "dumb"}};
  const PtyRun runs[] = {paint(kKitty, {"--preview", "none"}, 9),
                         paint(kKitty, {"-q"}, 9),
                         paint(kKitty, {"--json"}, 9),
                         paint(kKitty, {"--raw"}, 9),
                         paint(kKitty, {"--no-color"}, 9),
                         paint(no_color, {}, 9),
                         paint(ci, {}, 9),
                         paint(dumb, {}, 9)};
  for (const PtyRun& run : runs) {
    CAPTURE(&run - runs);
    CHECK(WEXITSTATUS(run.status) == 0);
    for (const std::string& bytes : {kDa1, kKittyPicture, kHalfBlock}) CHECK_FALSE(has(run, bytes));
  }
}

}  // namespace yent::test
