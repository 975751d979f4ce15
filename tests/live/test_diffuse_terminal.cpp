// yent-diffuse animate in a terminal: drawn in place, and left as it was found.
#include <doctest/doctest.h>

#include <signal.h>
#include <sys/wait.h>

#include "tests/live/pty.h"

namespace yent::test {
namespace {

PtyRun animate(const Args& what, const PtyCase& terminal) {
  return run_in_pty(
      Program::diffuse(),
      Args{"animate"} + what +
          Args{"-t", "1", "-s", "3", "-m", kGolden + "char_diffusion_small.safetensors", "--text",
               kGolden + "char_diffusion.txt"},
      terminal);
}

void check_left_as_found(const PtyRun& run) {
  CHECK(run.after.echoes);
  CHECK(run.after.is_canonical);
  for (const auto& [on, off] :
       {std::pair("\x1b[?1049h", "\x1b[?1049l"), std::pair("\x1b[?25l", "\x1b[?25h"),
        std::pair("\x1b[?2026h", "\x1b[?2026l")}) {
    const size_t begin = run.output.rfind(on), end = run.output.rfind(off);
    REQUIRE(begin != run.output.npos);
    REQUIRE(end != run.output.npos);
    CHECK(end > begin);
  }
}

}  // namespace

TEST_CASE("diffuse_terminal: it repeats until q") {
  if (Program::absent()) return;
  const PtyRun run =
      animate({"process", "--blocks", "2"}, {.answers = {{"block 2 of 2, 0 masked", "q"}}});
  CHECK(WIFEXITED(run.status));
  CHECK(WEXITSTATUS(run.status) == 0);
  CHECK(run.output.find("block 1 of 2, 8 masked") != run.output.npos);
  check_left_as_found(run);
}

TEST_CASE("diffuse_terminal: as often as it is told") {
  if (Program::absent()) return;
  const PtyRun run = animate({"life", "--frames", "3", "--loops", "2"}, {});
  CHECK(WEXITSTATUS(run.status) == 0);
  size_t starts = 0;
  for (size_t at = 0; (at = run.output.find("generation 0 of", at)) != run.output.npos; ++at) {
    ++starts;
  }
  CHECK(starts == 2);
  check_left_as_found(run);
}

TEST_CASE("diffuse_terminal: signals end it, and leave nothing behind") {
  if (Program::absent()) return;
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    CAPTURE(signal);
    const PtyRun run =
        animate({"process", "--blocks", "2"}, {.signal_after = "block 2 of 2", .signal = signal});
    if (signal == SIGINT) {
      CHECK(WIFEXITED(run.status));
      CHECK(WEXITSTATUS(run.status) == 130);
    } else {
      CHECK(WIFSIGNALED(run.status));
    }
    check_left_as_found(run);
  }
}

}  // namespace yent::test
