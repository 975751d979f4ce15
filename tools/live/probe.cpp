#include "tools/live/probe.h"

#include "engine/ascii/protocols/kitty.h"
#include "tools/live/tmux.h"

namespace yent {
namespace {

using Clock = std::chrono::steady_clock;

// Until the terminal has told its attributes, which it is asked for last. False: it did not.
bool ask(Tty& tty, ReplyReader& reader, const std::string& questions, Clock::time_point end) {
  reader.expect_more();
  const auto left = [&] { return std::chrono::duration_cast<Tty::Limit>(end - Clock::now()); };
  if (left().count() <= 0 || !tty.write(questions + "\x1b[c", left())) return false;
  while (!reader.replies().attributes) {
    if (left().count() <= 0) return false;
    reader.feed(tty.read(left()));
  }
  return true;
}

}  // namespace

TerminalReplies probe(Tty& tty, bool through) {
  constexpr Tty::Limit limit{150};
  const auto end = Clock::now() + limit;
  const std::string kitty =
      kitty_probe(kKittyIds.probe) + kitty_animation_probe(kKittyIds.animation);
  ReplyReader reader;
  const TerminalReplies& known = reader.replies();
  tty.hush(true);
  bool answered = ask(tty, reader, "\x1b[>q", end);
  if (answered && known.name.starts_with("tmux")) {
    // tmux answers for itself before the terminal around it does.
    if (through && tty.write(through_tmux(kitty), limit)) {
      while (!known.kitty_edits && Clock::now() < end) reader.feed(tty.read(Tty::Limit{10}));
    }
  } else if (answered && (known.sixel || !known.name.empty())) {
    // One without a name (GNU screen, mosh) has no graphics and would take the question for a
    // title.
    std::string questions = "\x1b[?2026$p";
    if (known.sixel) questions += "\x1b[?1;1S\x1b[?2;1S";
    if (!known.name.empty()) questions += kitty;
    answered = ask(tty, reader, questions, end);
  }
  if (!answered) tty.discard_input();
  tty.hush(false);
  return known;
}

std::pair<int, int> cursor_of(Tty& tty) {
  constexpr Tty::Limit limit{100};
  const auto end = Clock::now() + limit;
  ReplyReader reader;
  tty.hush(true);
  if (tty.write("\x1b[6n", limit)) {
    while (reader.replies().cursor_row == 0 && Clock::now() < end) {
      reader.feed(tty.read(Tty::Limit{10}));
    }
  }
  tty.hush(false);
  return {reader.replies().cursor_row, reader.replies().cursor_column};
}

}  // namespace yent
