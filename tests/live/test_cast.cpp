// Recordings of a run, played on a screen and by asciinema.
#include <doctest/doctest.h>

#include <cstdlib>
#include <sstream>

#include "loaders/io/json.h"
#include "tests/live/screen.h"
#include "tests/support/program.h"
#include "tools/live/cast.h"

namespace yent::test {
namespace {

struct Played {
  int columns = 0, rows = 0, events = 0;
  std::string output = {};
};

// Every line is JSON; times do not go back.
Played play(const std::string& cast) {
  std::istringstream lines(cast);
  std::string line;
  REQUIRE(std::getline(lines, line));
  const Json header = parse_json(line, "header");
  CHECK(header.at("version").get<int>() == 2);
  Played played{.columns = header.at("width").get<int>(), .rows = header.at("height").get<int>()};
  double time = 0;
  while (std::getline(lines, line)) {
    const Json event = parse_json(line, "event");
    REQUIRE(event.size() == 3);
    CHECK(event[0].get<double>() >= time);
    time = event[0].get<double>();
    CHECK(event[1].get<std::string>() == "o");
    played.output += event[2].get<std::string>();
    ++played.events;
  }
  return played;
}

}  // namespace

TEST_CASE("cast: lines return, nothing is lost in JSON") {
  Cast cast(80, 24, "a \"title\"");
  cast.write("");
  cast.write("one\ntwo\r\n");
  cast.write("\x1b[0m\"▀\\");
  const Played played = play(cast.text());
  CHECK(played.columns == 80);
  CHECK(played.rows == 24);
  CHECK(played.events == 2);
  CHECK(played.output == "one\r\ntwo\r\n\x1b[0m\"▀\\");
}

TEST_CASE("cast: a run without a terminal plays on 80x24") {
  if (Program::absent()) return;
  const Program program;
  const Outcome o = program.paint({"-p", "x", "--steps", "5", "--record", "a.cast"});
  REQUIRE(o.code == 0);
  CHECK(o.err.find("painting") == o.err.npos);
  CHECK(o.out.find('\x1b') == o.out.npos);
  const Played played = play(program.read("a.cast"));
  CHECK(played.columns == 80);
  CHECK(played.rows == 24);
  CHECK(played.output.find("m▀") != played.output.npos);
  CHECK(played.output.find("painting ") != played.output.npos);
  for (const char* not_text : {"\x1b_", "\x1bP", "\x1b[c", "\x1b[>q"}) {
    CHECK(played.output.find(not_text) == played.output.npos);
  }
  Screen screen(80, 24);
  screen.write(played.output);
  CHECK(screen.unknown.empty());
  CHECK(screen.cursor_visible);
  CHECK_FALSE(screen.styled);
  CHECK(screen.cursor_column() == 0);
  CHECK(screen.text().find("▀") == std::string::npos);
  CHECK(screen.text().find("yent-0001.png") != std::string::npos);
}

TEST_CASE("cast: colours are there, whatever the pipe gets") {
  if (Program::absent()) return;
  const Program program;
  REQUIRE(program.paint({"-p", "x", "--preview", "none", "--record", "a.cast"}).code == 0);
  const std::string output = play(program.read("a.cast")).output;
  CHECK(output.find("\x1b[38;2;") != output.npos);
}

TEST_CASE("cast: a recording that cannot be is refused") {
  if (Program::absent()) return;
  const Program program;
  CHECK(program.paint({"-p", "x", "--record", "no/a.cast"}).code == 1);
  CHECK(check_refused(program, {"-p", "x", "--record", "-"}, 2).find("--record is -") !=
        std::string::npos);
  CHECK(check_refused(program, {"-p", "x", "-o", "a.png", "--record", "a.png"}, 2)
            .find("are one file") != std::string::npos);
}

TEST_CASE("cast: asciinema plays it") {
  if (Program::absent()) return;
  if (std::system("asciinema --version > /dev/null 2>&1") != 0) {
    MESSAGE("skipped: no asciinema");
    return;
  }
  const Program program;
  REQUIRE(program.paint({"-p", "x", "--steps", "5", "--record", "a.cast"}).code == 0);
  const std::string at = (program.here / "a.cast").string();
  REQUIRE(std::system(("asciinema play -s 1000 " + at + " > " + at + ".out").c_str()) == 0);
  CHECK(program.read("a.cast.out") == play(program.read("a.cast")).output);
}

}  // namespace yent::test
