// yent-run from outside: the art in files, pipes and terminals.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "loaders/image/image.h"
#include "loaders/io/json.h"
#include "tests/support/program.h"

namespace yent::test {
namespace {

// The environment of a terminal that says what it can.
std::function<void()> environment(const char* term, const char* colorterm, const char* no_color) {
  return [=] {
    for (const char* name : {"TMUX", "STY"}) ::unsetenv(name);
    ::setenv("TERM", term, 1);
    ::setenv("COLORTERM", colorterm, 1);
    ::setenv("NO_COLOR", no_color, 1);
  };
}

// What a terminal of this size is sent.
std::string shown(Program& program, int columns, int rows, const Args& args) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  REQUIRE(terminal >= 0);
  REQUIRE(::grantpt(terminal) == 0);
  REQUIRE(::unlockpt(terminal) == 0);
  const std::string name = ::ptsname(terminal);
  const auto prepare = environment("xterm-256color", "truecolor", "");
  program.in_child = [=] {
    prepare();
    const int in_child = ::open(name.c_str(), O_RDWR | O_NOCTTY);
    const winsize size = {.ws_row = static_cast<unsigned short>(rows),
                          .ws_col = static_cast<unsigned short>(columns),
                          .ws_xpixel = 0,
                          .ws_ypixel = 0};
    ::ioctl(in_child, TIOCSWINSZ, &size);
    ::dup2(in_child, STDOUT_FILENO);
    ::dup2(in_child, STDERR_FILENO);
    ::close(terminal);
  };
  const int other_side = ::open(name.c_str(), O_RDWR | O_NOCTTY);  // ours, or reading ends early
  const pid_t child = program.start(args);
  std::string text;
  // The child's end is seen by its last words.
  char buffer[4096];
  pollfd readable = {.fd = terminal, .events = POLLIN, .revents = 0};
  while (text.find("art.png\r\n") == text.npos && ::poll(&readable, 1, 60'000) == 1) {
    const ssize_t got = ::read(terminal, buffer, sizeof buffer);
    if (got <= 0) break;
    text.append(buffer, static_cast<size_t>(got));
  }
  CHECK(program.finish(child).code == 0);
  ::close(other_side);
  ::close(terminal);
  program.in_child = {};
  return text;
}

Args toy(const Args& more) {
  return Args{"--device", "cpu", "-t", "1", "-m", kGolden + "toy_painter",
              "--steps",  "1",   "-s", "5", "-o", "art.png"} +
         more;
}

size_t count(const std::string& text, const std::string& what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST_CASE("cli: the ASCII picture has its own size, or the raw one's") {
  if (Program::absent()) return;
  const Program program;
  const auto size = [&](const Args& more) {
    const Outcome o =
        program.paint(Args{"-p", "x", "-W", "64", "-H", "32", "-o", "a.png", "--json"} + more);
    REQUIRE_MESSAGE(o.code == 0, o.err);
    const Json report = parse_json(o.out, "report");
    CHECK(report["width"] == 64);  // of what was painted
    CHECK(report["height"] == 32);
    const Image image = read_image(program.here / "a.png");
    return std::pair(image.width, image.height);
  };
  CHECK(size({}) == std::pair(800, 400));
  CHECK(size({"--columns", "10"}) == std::pair(80, 48));
  CHECK(size({"--columns", "10", "--ascii-scale", "3"}) == std::pair(240, 144));
  CHECK(size({"--ascii-scale", "raw"}) == std::pair(64, 32));
  CHECK(size({"--raw"}) == std::pair(64, 32));
  CHECK(size({"--columns", "2000", "--ascii-scale", "raw"}) == std::pair(64, 32));
  fs::remove(program.here / "a.png");
  for (const char* wrong : {"0", "17", "-1", "1.5", "big", ""}) {
    const std::string said = check_refused(program, {"-p", "x", "--ascii-scale", wrong}, 2);
    CHECK(said.find("expected 1 to 16, or raw") != said.npos);
  }
  const std::string said = check_refused(program, {"-p", "x", "--columns", "2000"}, 2);
  CHECK(said.find("makes a picture of 16000x16000") != said.npos);
}

TEST_CASE("cli: colour goes into a pipe where it is demanded") {
  if (Program::absent()) return;
  Program program;
  const auto out = [&](const Args& more) {
    return program.paint(Args{"-p", "x", "--columns", "4"} + more).out;
  };
  program.in_child = environment("xterm", "truecolor", "");
  CHECK(out({}).find('\x1b') == std::string::npos);
  CHECK(out({"--color", "auto"}).find('\x1b') == std::string::npos);
  CHECK(out({"--color", "always"}).find("\x1b[48;2;") == 0);
  CHECK(out({"--color", "never"}) == out({}));
  CHECK(out({"--color", "always", "--no-color"}).find('\x1b') == std::string::npos);
  program.in_child = environment("dumb", "", "1");
  CHECK(out({"--color", "always"}).find("\x1b[48;5;") == 0);
  program.in_child = environment("screen", "truecolor", "");
  CHECK(out({"--color", "always"}).find("\x1b[48;5;") == 0);
  program.in_child = {};
  fs::remove(program.here / "yent.png");
  CHECK(check_refused(program, {"-p", "x", "--color", "maybe"}, 2) ==
        "yent-run: --color is maybe, expected one of auto, always, never\n");
}

TEST_CASE("cli: a page of HTML has the art") {
  if (Program::absent()) return;
  const Program program;
  REQUIRE(program.paint({"-p", "<b>a cat", "-q", "--columns", "7", "--html", "a.html"}).code == 0);
  const std::string page = program.read("a.html");
  CHECK(page.starts_with("<!DOCTYPE html>"));
  CHECK(page.find("<title>&lt;b&gt;a cat</title>") != page.npos);
  CHECK(page.ends_with("</html>\n"));
  REQUIRE(program.paint({"-p", "x", "-q", "-b", "2", "--raw", "--html", "b.html"}).code == 0);
  CHECK(program.has("b_2.html"));
  fs::remove(program.here / "yent.png");
  check_refused(program, {"-p", "x", "--html", "-"}, 2);
  check_refused(program, {"-p", "x", "--html", "no/such/folder.html"}, 1);
  check_refused(program, {"-p", "x", "-o", "c.png", "--html", "c.png"}, 2);
}

TEST_CASE("cli: glyphs are chosen by level or by shape") {
  if (Program::absent()) return;
  const Program program;
  const auto art = [&](const Args& more) {
    return program.paint(Args{"-p", "x", "--columns", "40"} + more).out;
  };
  const std::string level = art({}), shape = art({"--glyphs", "shape"});
  CHECK(level == art({"--glyphs", "level"}));
  CHECK(level == art({"--charset", "techno"}));
  CHECK(level != shape);
  CHECK(std::ranges::all_of(shape, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  const std::string few = art({"--glyphs", "shape", "--charset", " /\\_"});
  CHECK(few.find_first_not_of(" /\\_\n") == few.npos);
  fs::remove(program.here / "yent.png");
  check_refused(program, {"-p", "x", "--glyphs", "size"}, 2);
}

TEST_CASE("cli: in a terminal the words and the whole picture are on the screen") {
  if (Program::absent()) return;
  Program program;
  for (const auto& size : {std::pair(80, 24), {100, 40}, {40, 20}, {200, 60}}) {
    const int columns = size.first, rows = size.second;
    CAPTURE(columns);
    const std::string text =
        shown(program, columns, rows, toy({"a cat", "--llm", kGolden + "toy_voice.gguf"}));
    CHECK(text.find("\x1b[48;2;") != text.npos);
    const size_t art = count(text, "\x1b[0m\r\n");
    CHECK(art >= 8);
    CHECK(art <= 50);
    const std::string said = text.substr(0, text.find("\x1b["));
    const size_t words = (said.size() - 2 + columns - 1) / columns;
    CHECK(words + art + 2 <= static_cast<size_t>(rows));  // with the name, and the prompt below it
    // Every row has as many columns as keep the picture square.
    const size_t cells = count(text, "\x1b[48;2;");
    CHECK(cells <= art * 2 * art);
  }
}

}  // namespace
}  // namespace yent::test
