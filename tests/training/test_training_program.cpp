// yent-diffuse train from outside: the files of a run, how it goes on, and what it refuses.
#include <doctest/doctest.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "tests/support/program.h"

namespace yent::test {
namespace {

const Args kSmall = {"train", "--text",  "text.txt", "--out",        "run", "--layers",
                     "1",     "--width", "32",       "--batch",      "2",   "--length",
                     "32",    "--steps", "6",        "--save-every", "2"};

// Something to train on, in the program's folder.
void put_text(const Program& program) {
  std::string text;
  for (int i = 0; i < 900; ++i) text += static_cast<char>('a' + i * i % 23);
  put(program.here / "text.txt", text);
}

}  // namespace

TEST_CASE("training: yent-diffuse train stops, goes on and ends as if it had not stopped") {
  if (Program::absent()) return;
  const Program whole = Program::diffuse(), parts = Program::diffuse();
  put_text(whole);
  put_text(parts);
  const Outcome done = whole.run(kSmall + Args{"--seed", "4", "-t", "1"});
  CHECK(done.code == 0);
  CHECK(done.out.empty());
  CHECK(done.err.find("step 6/6: loss 4.") != std::string::npos);
  CHECK(parts.run(kSmall + Args{"--seed", "4", "--stop-at", "3", "-q"}).err.empty());
  CHECK(parts.run({"train", "--text", "text.txt", "--out", "run", "--resume", "--steps", "6", "-q"})
            .code == 0);
  for (const char* file : {"run/run.safetensors", "run/model.safetensors", "run/loss.csv"}) {
    CAPTURE(file);
    CHECK(whole.read(file) == parts.read(file));
  }
  CHECK(whole.dump("run/model.safetensors").metadata.at("heads") == "1");
  CHECK(whole.run({"info", "run/model.safetensors"}).code == 0);
}

TEST_CASE("training: yent-diffuse train saves at Ctrl-C") {
  if (Program::absent()) return;
  const Program program = Program::diffuse();
  put_text(program);
  const pid_t child = program.start(kSmall + Args{"--steps", "1000000", "--save-every", "1000000"});
  for (int i = 0; i < 600 && !program.has("run/loss.csv"); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  ::kill(child, SIGINT);
  CHECK(program.finish(child).code == 130);
  CHECK(program.has("run/run.safetensors"));
  CHECK(program.has("run/model.safetensors"));
}

TEST_CASE("training: yent-diffuse train refuses what makes no sense") {
  if (Program::absent()) return;
  const Program program = Program::diffuse();
  put_text(program);
  check_refused_as_typed(program, {"train"}, 2);
  check_refused_as_typed(program, {"train", "--text", "absent.txt"}, 3);
  check_refused_as_typed(program, {"train", "--text", "text.txt", "--width", "33"}, 2);
  check_refused_as_typed(program, {"train", "--text", "text.txt", "--width", "32", "--heads", "5"},
                         2);
  check_refused_as_typed(program, {"train", "--text", "text.txt", "--resume"}, 2);
  REQUIRE(program.run(kSmall + Args{"-q"}).code == 0);
  check_refused_as_typed(program, kSmall, 2);  // a run is there
  check_refused_as_typed(program, kSmall + Args{"--resume", "--width", "64"}, 2);
  put(program.here / "text.txt", std::string(500, 'x'));
  check_refused_as_typed(program, kSmall + Args{"--resume"}, 2);  // another text
  put(program.here / "run/run.safetensors", "not a state");
  check_refused_as_typed(program, kSmall + Args{"--resume"}, 3);
}

}  // namespace yent::test
