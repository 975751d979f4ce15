// yent-run: say something; Yent reacts, and paints the reaction.
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <new>
#include <random>

#include "engine/pipeline/named_policy.h"
#include "kernels/devices.h"
#include "kernels/error.h"
#include "tools/exit_code.h"
#include "tools/run.h"

namespace yent {
namespace {

// Ctrl-C ends the program at once: outputs appear by rename, so nothing is left half done.
void on_interrupt(int) { ::_exit(130); }

void run(int argc, char** argv) {
  const auto options = parse_options(argc, argv, std::getenv("YENT_ISA"));
  if (!options) return;
  Console console({.quiet = options->quiet,
                   .verbose = options->verbose,
                   .png_on_stdout = options->output == "-"});
  const auto backends =
      make_backends(options->device, options->isa, options->threads, options->batch);
  const Policy policy = named_policy(options->policy, options->precision, *backends.front());
  Run run{.options = *options, .console = console, .backends = backends, .policy = policy};
  run.seed = options->seed ? *options->seed : std::random_device{}();
  {
    const Timings::Span total(&run.timings, "total");
    if (options->complete) {
      complete(run);
    } else if (options->words.empty() && !options->prompt && options->cond.empty()) {
      explain(run);
    } else {
      paint(run);
    }
  }
  if (!options->seed && run.report.contains("seed")) console.say(fmt::format("seed {}", run.seed));
  if (options->timings) {
    for (const Timings::Stage& s : run.timings.stages()) {
      const size_t n = s.ms.size();
      const std::string times = n > 1 ? fmt::format(" ({} x {:.1f})", n, s.sum() / n) : "";
      std::fprintf(stderr, "%-14s %10.1f ms%s\n", s.name.c_str(), s.sum(), times.c_str());
    }
  }
  if (options->json) {
    for (const Timings::Stage& s : run.timings.stages()) run.report["timings_ms"][s.name] = s.sum();
    console.print(run.report.dump(2) + "\n");
  }
}

}  // namespace
}  // namespace yent

int main(int argc, char** argv) {
  struct sigaction interrupt = {};
  interrupt.sa_handler = yent::on_interrupt;
  ::sigaction(SIGINT, &interrupt, nullptr);
  // Past a limit on the size of files a write then fails as on a full disk.
  ::signal(SIGXFSZ, SIG_IGN);
  try {
    yent::run(argc, argv);
    return 0;
  } catch (const yent::Error& error) {
    std::fprintf(stderr, "yent-run: %s\n", error.what());
    return yent::exit_code(error.kind());
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "yent-run: memory ran out\n");
    return yent::exit_code(yent::Error::run);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "yent-run: %s\n", error.what());
    return yent::exit_code(yent::Error::run);
  }
}
