// yent-run from outside: words that are piped, sessions, two Yents, and conversations.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <chrono>
#include <sstream>
#include <thread>

#include "loaders/image/image.h"
#include "loaders/io/json.h"
#include "tests/support/program.h"

namespace yent::test {
namespace {

const std::string kVoice = kGolden + "toy_voice.gguf";
const Args kSpeak{"--llm", kVoice, "--prompt-only", "--json"};

// The program with `text` as its standard input.
struct Reading : Program {
  explicit Reading(const std::string& text) {
    put(here / "input", text);
    in_child = [path = (here / "input").string()] { ::dup2(::open(path.c_str(), O_RDONLY), 0); };
  }
};

Json report_of(const Outcome& outcome) {
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  return parse_json(outcome.out, "report");
}

// One object a line.
std::vector<Json> reports_of(const Outcome& outcome) {
  REQUIRE_MESSAGE(outcome.code == 0, outcome.err);
  std::vector<Json> reports;
  std::istringstream lines(outcome.out);
  for (std::string line; std::getline(lines, line);) reports.push_back(parse_json(line, "report"));
  return reports;
}

// A terminal and the program in it.
class InTerminal {
 public:
  InTerminal(Program& program, const Args& args) : program_(program) {
    terminal_ = ::posix_openpt(O_RDWR | O_NOCTTY);
    ::grantpt(terminal_);
    ::unlockpt(terminal_);
    program.in_child = [name = std::string(::ptsname(terminal_))] {
      ::setsid();
      const int tty = ::open(name.c_str(), O_RDWR);  // becomes the controlling terminal
      for (int fd = 0; fd < 3; ++fd) ::dup2(tty, fd);
      ::setenv("TERM", "xterm", 1);
      ::setenv("XDG_STATE_HOME", "/dev/null", 1);  // no folder can be made there
    };
    child_ = program.start(args);
  }
  ~InTerminal() { ::close(terminal_); }

  // The editor makes the terminal raw only after it has shown its prompt. A control key that comes
  // before that is the terminal's own, so a person's time passes first.
  void type(const std::string& text) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    CHECK(::write(terminal_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }

  // Reads until the text has appeared since the last call.
  bool shows(const std::string& text) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (seen_.find(text) == seen_.npos) {
      pollfd ready{terminal_, POLLIN, 0};
      char bytes[4096];
      ssize_t got = 0;
      if (::poll(&ready, 1, 1000) > 0) got = ::read(terminal_, bytes, sizeof bytes);
      if (got > 0) seen_.append(bytes, static_cast<size_t>(got));
      if (got < 0 || std::chrono::steady_clock::now() > end) {
        MESSAGE("not shown: " << text << "; shown: " << seen_);
        return false;
      }
    }
    seen_.erase(0, seen_.find(text) + text.size());
    return true;
  }

  int code() { return program_.finish(child_).code; }

 private:
  Program& program_;
  int terminal_;
  pid_t child_;
  std::string seen_;
};

}  // namespace

TEST_CASE("cli talk: without words, standard input has them") {
  if (Program::absent()) return;
  const Reading program("  draw me\na cat \n\n");
  const Json report = report_of(program.paint(kSpeak));
  CHECK(report["said"] == "draw me\na cat");
  CHECK(report["mood"] == "cat");
  CHECK(report_of(program.paint(kSpeak + Args{"hello"}))["said"] == "hello");

  const std::string blank(65535, ' ');
  CHECK(report_of(Reading(blank + "x").paint(kSpeak))["said"] == "x");
  CHECK(check_refused(Reading(blank + "xy"), {"--raw"}, 2).find("64 KiB") != std::string::npos);
  CHECK(report_of(Reading("cat \xff\xfe!").paint(kSpeak))["mood"] == "cat");
  for (const char* empty : {"", " \n\t\n"}) {
    CHECK(check_refused(Reading(empty), {}, 2).find("nothing is said") != std::string::npos);
    check_refused(Reading(empty), {"--prompt-only"}, 2);
  }
}

TEST_CASE("cli talk: a session remembers, and a damaged one is 3") {
  if (Program::absent()) return;
  const Program program;
  const Args turn = kSpeak + Args{"--session", "s.json", "-s", "3", "who are you"};
  const double expected[][3] = {{1, 0, 1.22}, {0, 1, 0.5}, {0.9, 2, 1.148}, {1, 3, 1.22}};
  for (const auto& [dissonance, boredom, temperature] : expected) {
    const Json report = report_of(program.paint(turn));
    CHECK(report["dissonance"].number() == doctest::Approx(dissonance));
    CHECK(report["boredom"].number() == boredom);
    CHECK(report["temperature"].number() == doctest::Approx(temperature));
  }
  CHECK(report_of(program.paint(kSpeak + Args{"who are you"}))["dissonance"].is_null());

  const std::string kept = program.read("s.json");
  for (const std::string& damaged :
       {kept.substr(0, kept.size() / 2), std::string(), std::string("[]"), "x" + kept}) {
    put(program.here / "s.json", damaged);
    check_refused(program, turn, 3);
    CHECK(program.read("s.json") == damaged);
  }
  check_refused(program, {"x", "--session", "."}, 1);
  check_refused(program, {"x", "--session", "no/such/folder"}, 1);
  check_refused(program, {"x", "--session", "a.png", "-o", "a.png"}, 2);
  check_refused(program, {"-p", "x", "--session", "new"}, 2);
  CHECK_FALSE(program.has("new"));
}

TEST_CASE("cli talk: of two Yents one paints and the other roasts") {
  if (Program::absent()) return;
  const Program program;
  const Args two{"--llm", kVoice, "--dual", "--json", "--raw", "--session", "s", "I am so sad"};
  for (const char* artist : {"A", "B", "A"}) {
    const Json report = report_of(program.paint(two + Args{"-o", "two.png"}));
    CHECK(report["artist"] == artist);
    CHECK(report["mood"] == "sad");
    CHECK(report["roast"].text() != nullptr);
    CHECK(report["prompt"].text()->starts_with(*report["starter"].text()));
    // The same pixels as without anybody who talks meanwhile.
    REQUIRE(program.paint({"-p", *report["prompt"].text(), "--raw", "-o", "one.png"}).code == 0);
    CHECK(read_image(program.here / "one.png").rgb == read_image(program.here / "two.png").rgb);
  }
  const Outcome said = program.paint({"--llm", kVoice, "--dual", "hello", "-o", "a.png", "--raw"});
  CHECK(said.out.starts_with("A: "));
  CHECK(report_of(program.paint(two + Args{"--llm2", kVoice, "-o", "b.png"}))["artist"] == "B");
  check_refused(program, {"x", "--llm2", kVoice}, 2);
  check_refused(program, {"x", "--dual", "--llm2", "missing", "--llm", kVoice}, 3);
  check_refused(program, {"-p", "x", "--dual"}, 2);
}

TEST_CASE("cli talk: a style chooses the suffix") {
  if (Program::absent()) return;
  const Program program;
  const Json report = report_of(program.paint(kSpeak + Args{"hello", "--style", "pixel"}));
  CHECK(report["style"] == "pixel");
  CHECK(report["suffix"].text()->starts_with(", 8-bit"));
  CHECK(report["prompt"].text()->ends_with(*report["suffix"].text()));
  CHECK(report["words"] == *report["starter"].text() + " " + *report["detail"].text());
  check_refused(program, {"hello", "--style", "cubism"}, 3);
  check_refused(program, {"hello", "--style", ""}, 2);
  check_refused(program, {"hello", "--style", "missing.safetensors"}, 3);
  const Outcome loud = program.paint({"hello", "--style", "pixel", "--llm", kVoice, "-v", "--raw"});
  CHECK(loud.err.find("mood greeting, temperature 0.95, starter \"") != std::string::npos);
  CHECK(loud.err.find("style \"8-bit pixel art, retro game palette\", seed 5") !=
        std::string::npos);
}

TEST_CASE("cli talk: every line of a conversation is a turn with its own picture") {
  if (Program::absent()) return;
  const Reading program("who are you\n\n/mood cat\n/seed 70\n/style base\nwho are you\n");
  const Args talk{"-I", "--llm", kVoice, "--json", "--raw", "-o", "a.png", "hello"};
  const std::vector<Json> turns = reports_of(program.paint(talk));
  REQUIRE(turns.size() == 3);
  CHECK(turns[0]["said"] == "hello");
  CHECK(turns[0]["output"] == "a.png");
  CHECK(turns[0]["seed"] == 5);
  CHECK(turns[1]["output"] == "a_2.png");
  CHECK(turns[1]["seed"] == 6);
  CHECK(turns[2]["output"] == "a_3.png");
  CHECK(turns[2]["seed"] == 70);
  CHECK(turns[2]["mood"] == "cat");
  CHECK(turns[2]["style"] == "base");
  CHECK(turns[2]["boredom"] == 1);
  for (const Json& turn : turns) {
    CHECK(program.has(*turn["output"].text()));
    CHECK(turn["timings_ms"].contains("vae_decode"));
  }
  const Outcome wrong = Reading("hello\n/what\nhello\n").paint({"-I", "--llm", kVoice, "--raw"});
  CHECK(wrong.code == 2);
  CHECK(wrong.err.find("/what is no command") != std::string::npos);
  CHECK(Reading("hello\n/quit\nhello\n").paint(talk).code == 0);
  CHECK(Reading("").paint({"-I", "--llm", kVoice}).out.empty());
  check_refused(program, {"-I", "-p", "x"}, 2);
  check_refused(program, {"-I", "-o", "-"}, 2);
  check_refused(program, {"-I", "--dump", "d"}, 2);
}

TEST_CASE("cli talk: in a terminal, Ctrl-C stops the picture and Ctrl-D the program") {
  if (Program::absent()) return;
  Program program;
  const Args args{
      "-I",    "--llm", kVoice,  "--device", "cpu", "-t", "1", "-m", kGolden + "toy_painter",
      "--raw", "-o",    "a.png", "--steps",  "1",   "-s", "5"};
  InTerminal terminal(program, args);
  REQUIRE(terminal.shows("Ctrl-D ends\r\n> "));
  terminal.type("draw me a cat\r");
  CHECK(terminal.shows("a.png"));
  CHECK(terminal.shows("> "));
  CHECK(program.has("a.png"));
  terminal.type("/mood hungry\r");
  CHECK(terminal.shows("mood hungry is unknown"));
  CHECK(terminal.shows("> "));
  terminal.type("half a li\x03");
  terminal.type("/help\r");
  CHECK(terminal.shows("the end"));
  CHECK(terminal.shows("> "));
  terminal.type("\x04");
  CHECK(terminal.code() == 0);

  Program slow;
  InTerminal painting(slow, args + Args{"--steps", "900", "-W", "64", "-H", "64"});
  REQUIRE(painting.shows("Ctrl-D ends\r\n> "));
  painting.type("draw me a cat\r");
  CHECK(painting.shows("painting 1"));
  painting.type("\x03");
  CHECK(painting.shows("stopped"));
  CHECK(painting.shows("> "));
  painting.type("/quit\r");
  CHECK(painting.code() == 0);
  CHECK_FALSE(slow.has("a.png"));
}

TEST_CASE("cli talk: in a terminal, Ctrl-C leaves a question of the menu and Ctrl-D the program") {
  if (Program::absent()) return;
  Program program;
  const Args args{
      "-I",    "--preset", "inkpunk", "--device", "cpu", "-t", "1",  "-m", kGolden + "toy_painter",
      "--raw", "-o",       "a.png",   "--steps",  "1",   "-W", "32", "-H", "32"};
  InTerminal terminal(program, args);
  REQUIRE(terminal.shows("4 the end: "));
  terminal.type("1\r");
  CHECK(terminal.shows("a number, or your own words: "));
  terminal.type("\x03");
  CHECK(terminal.shows("stopped"));
  CHECK(terminal.shows("4 the end: "));
  terminal.type("9\r");
  CHECK(terminal.shows("9 is not in the menu"));
  CHECK(terminal.shows("4 the end: "));
  terminal.type("1\r");
  CHECK(terminal.shows("your own words: "));
  terminal.type("2\r");
  CHECK(terminal.shows("seed (42): "));
  terminal.type("\r");
  CHECK(terminal.shows("steps (1): "));
  terminal.type("\r");
  CHECK(terminal.shows("a.png"));
  CHECK(terminal.shows("4 the end: "));
  terminal.type("2\r");
  CHECK(terminal.shows("picture (PNG or JPEG): "));
  terminal.type("\x04");
  CHECK(terminal.code() == 0);
  CHECK(program.has("a.png"));
}
}  // namespace yent::test
