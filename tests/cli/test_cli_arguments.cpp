// yent-run from outside: how it reads its command line.
#include <doctest/doctest.h>
#include <sched.h>
#include <stdlib.h>

#include "loaders/io/json.h"
#include "tests/support/program.h"
#include "tools/command_line/number.h"

namespace yent::test {
namespace {

TEST_CASE("number: decimal digits alone") {
  CHECK(whole_number("010") == 10);
  CHECK(whole_number("+5") == 5);
  CHECK(whole_number("-1") == -1);
  CHECK(whole_number("9223372036854775807") == INT64_MAX);
  CHECK(natural_number("18446744073709551615") == UINT64_MAX);
  for (const char* text : {"", "+", "-", "+-5", "0x10", "1e3", "1_000", "1'000", " 5", "5 ", "5\n",
                           "1.0", "five", "0b1", "1,000", "\xEF\xBC\x95", "9223372036854775808"}) {
    CAPTURE(text);
    CHECK_FALSE(whole_number(text));
  }
  CHECK_FALSE(natural_number("-1"));
  CHECK_FALSE(natural_number("18446744073709551616"));
  CHECK(decimal_number("7.5") == 7.5);
  CHECK(decimal_number("-.5") == -0.5);
  CHECK(decimal_number("+010") == 10);
  CHECK(decimal_number("2e-3") == 0.002);
  for (const char* text : {"", ".", "inf", "-inf", "nan", "NaN", "infinity", "0x1p3", "7,5", " 1",
                           "1 ", "1e999", "1f", "--1"}) {
    CAPTURE(text);
    CHECK_FALSE(decimal_number(text));
  }
}

TEST_CASE("cli: numbers are decimal") {
  if (Program::absent()) return;
  const Program program;
  const Outcome o = program.paint({"-p", "x", "--steps", "010", "-s", "0012", "-W", "+040", "-H",
                                   "024", "-b", "01", "--columns", "010", "--json", "-o", "a.png"});
  REQUIRE(o.code == 0);
  const Json report = parse_json(o.out, "report");
  CHECK(report["steps"] == 10);
  CHECK(report["seed"] == 12);
  CHECK(report["width"] == 40);
  CHECK(report["height"] == 24);
  for (const char* flag :
       {"--steps", "-W", "-H", "-b", "--columns", "-t", "--top-k", "-c", "--tokens", "-s"}) {
    for (const char* text : {"0x1", "1e1", "1_0", " 1", "1.0", ""}) {
      const std::string said = check_refused(program, {"-p", "x", flag, text}, 2);
      CHECK(said.find("expected a whole number") != std::string::npos);
    }
  }
  for (const char* flag : {"--cfg-scale", "--strength", "--boost", "--fill", "--temp", "--top-p",
                           "--min-p", "--repeat-penalty"}) {
    for (const char* text : {"0x1", "nan", "inf", " 1", "1,5", ""}) {
      const std::string said = check_refused(program, {"-p", "x", flag, text}, 2);
      CHECK(said.find("expected a number") != std::string::npos);
    }
  }
  check_refused(program, {"-p", "x", "--steps", "99999999999"}, 2);
  check_refused(program, {"-p", "x", "--lora", "a:0x1"}, 2);
}

TEST_CASE("cli: text is taken as it was typed") {
  if (Program::absent()) return;
  const Program program;
  const std::vector<std::string> texts{
      "[cat,dog]", "[]",     "{}",  "{a}", "%%",    "%",   "\"a\"",     "'a'",        "=x",
      "a=b",       "[a",     "a,b", "\\n", "$HOME", "~",   "*.*",       "#c",         "@f",
      "; x",       "--dual", "-I",  "--",  "",      " a ", "[[a],[b]]", "--negative="};
  for (const std::string& text : texts) {
    CAPTURE(text);
    const Outcome o = program.paint({"-p", text, "-n", text, "--json", "-o", "yent.png"});
    REQUIRE_MESSAGE(o.code == 0, o.err);
    CHECK(parse_json(o.out, "report")["prompt"] == text);
    if (text.empty()) continue;
    CHECK(program.read("yent.png").find(text + "\nNegative prompt: " + text + "\nSteps: 1") !=
          std::string::npos);
  }
  // The same behind an equals sign.
  for (const std::string& text : texts) {
    CAPTURE(text);
    const Outcome o = program.paint({"--prompt=" + text, "--negative=" + text, "--json"});
    REQUIRE_MESSAGE(o.code == 0, o.err);
    CHECK(parse_json(o.out, "report")["prompt"] == text);
  }
  // Words to Yent.
  const Args voice{"--llm", kGolden + "toy_voice.gguf", "--prompt-only", "--json"};
  for (const char* text : {"[cat,dog]", "[]", "{}", "{a}", "%%", "=x", "[a,[b]]"}) {
    const Outcome o = program.paint(voice + Args{text, "a"});
    REQUIRE_MESSAGE(o.code == 0, o.err);
    CHECK(parse_json(o.out, "report")["said"] == std::string(text) + " a");
  }
  const Outcome o = program.paint(voice + Args{"--", "--dual", "-x"});
  REQUIRE_MESSAGE(o.code == 0, o.err);
  CHECK(parse_json(o.out, "report")["said"] == "--dual -x");
  // Files, too.
  put(program.here / "[a,b]", "mix");
  fs::remove(program.here / "yent-0001.png");
  CHECK(check_refused(program, {"-p", "x", "--lora", "[a,b]"}, 3).find("[a,b]") !=
        std::string::npos);
  REQUIRE(program.paint({"-p", "x", "-q", "-o", "{}.png", "--ascii", "[x,y]"}).code == 0);
  CHECK(program.has("{}.png"));
  CHECK(program.has("[x,y]"));
}

TEST_CASE("cli: what is wrong with an option is said in words") {
  if (Program::absent()) return;
  const Program program;
  const auto said = [&](const Args& args) { return check_refused(program, args, 2); };
  CHECK(said({"-p", "x", "--steps"}) == "yent-run: --steps needs a value\n");
  const std::string no_option = " is no option of yent-run, expected ";
  CHECK(said({"-p", "x", "--stepz", "3"}) == "yent-run: --stepz" + no_option + "--steps\n");
  CHECK(said({"-p", "x", "--cgf-scale=3"}) ==
        "yent-run: --cgf-scale" + no_option + "--cfg-scale\n");
  CHECK(said({"-p", "x", "--threds=1"}) == "yent-run: --threds" + no_option + "--threads\n");
  CHECK(said({"-p", "x", "--frobnicate"}) ==
        "yent-run: --frobnicate" + no_option + "one that --help lists\n");
  CHECK(said({"-p", "x", "-y"}) == "yent-run: -y" + no_option + "one that --help lists\n");
  CHECK(said({"-p", "x", "--serve"}) ==
        "yent-run: --serve comes first: --serve [PORT] [options of yent-server]\n");
}

TEST_CASE("cli: a character without a glyph is named, one that tears the rows is refused") {
  if (Program::absent()) return;
  const Program program;
  const Outcome o = program.paint({"-p", "x", "--charset", " .\u2603", "--ascii", "a.txt"});
  CHECK(o.code == 0);
  CHECK(o.err.find("the font of the pictures has no U+2603, a box stands for it\n") !=
        std::string::npos);
  CHECK(program.paint({"-p", "x", "--charset", " .\u2603", "--raw"}).err == "yent-0002.png\n");
  fs::remove(program.here / "yent-0001.png");
  const std::string said = check_refused(program, {"-p", "x", "--charset", " \U0001F408"}, 2);
  CHECK(said.find("U+1F408") != std::string::npos);
}

TEST_CASE("cli: the help begins with how to call the program") {
  if (Program::absent()) return;
  const Program program;
  CHECK(program.run({"--help"}).out.find("yent-run [options] [words ...]") != std::string::npos);
  check_refused(program, {"-p", "x", "--dump", "-"}, 2);
  check_refused(program, {"-p", "x", "--ascii", "-"}, 2);
}

TEST_CASE("cli: OpenMP's variable changes nothing, the affinity mask does") {
  if (Program::absent()) return;
  Program program;
  const auto threads = [&](const char* variable, bool one_processor) {
    program.in_child = [=] {
      if (variable) ::setenv("OMP_NUM_THREADS", variable, 1);
      cpu_set_t mask;
      CPU_ZERO(&mask);
      CPU_SET(::sched_getcpu(), &mask);
      if (one_processor) ::sched_setaffinity(0, sizeof mask, &mask);
    };
    const Outcome o = program.run({"-m", kGolden + "toy_painter", "--steps", "1", "-p", "x",
                                   "--device", "cpu", "--json", "-q"});
    REQUIRE_MESSAGE(o.code == 0, o.err);
    return parse_json(o.out, "report")["threads"].get<int>();
  };
  const int all = threads(nullptr, false);
  CHECK(all >= 1);
  CHECK(threads("1", false) == all);
  CHECK(threads("64", false) == all);
  CHECK(threads(nullptr, true) == 1);
}

}  // namespace
}  // namespace yent::test
