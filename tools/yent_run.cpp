// yent-run: say something; Yent reacts, and paints the reaction.
#include <signal.h>

#include <cstdlib>
#include <random>

#include "engine/pipeline/named_policy.h"
#include "tools/command_line/option_group.h"
#include "tools/device_check/checked_device.h"
#include "tools/exit_code.h"
#include "tools/interrupt.h"
#include "tools/live/live_show.h"
#include "tools/menu/menu.h"
#include "tools/run.h"
#include "tools/talk/line_editor.h"
#include "tools/talk/serve.h"

namespace yent {
namespace {

void run(int argc, char** argv) {
  const auto options = parse_options(argc, argv, std::getenv("YENT_ISA"));
  if (!options) return;
  if (!options->metadata.empty()) return print_and_flush(kept_settings(options->metadata));
  Console console({.quiet = options->quiet,
                   .verbose = options->verbose,
                   .png_on_stdout = options->output == "-"});
  const auto backends =
      checked_backends({options->device, options->isa, options->threads, options->batch},
                       [&](const std::string& sentence) { console.warn(sentence); });
  const Policy policy = named_policy(options->policy, options->precision, *backends.front());
  LiveShow live(console, *options);
  Run run{.options = *options,
          .console = console,
          .backends = backends,
          .policy = policy,
          .live = &live};
  run.seed = options->seed ? *options->seed : std::random_device{}();
  {
    const Timings::Span total(&run.timings, "total");
    if (options->complete) {
      complete(run);
    } else if (options->interactive) {
      const auto lines = make_line_editor(options->json);
      options->preset ? run_menu(run, *lines) : converse(run, *lines);
    } else if (options->words.empty() && !options->prompt && options->cond.empty()) {
      explain(run);
    } else {
      paint(run);
    }
  }
  if (!options->interactive) print_report(run);
  live.write_record();
}

}  // namespace
}  // namespace yent

int main(int argc, char** argv) {
  if (yent::asks_to_serve(argc, argv)) {
    return yent::run_program("yent-run", [&] { yent::serve_instead(argc, argv); });
  }
  yent::handle_interrupts();
  // Past a limit on the size of files a write then fails as on a full disk.
  ::signal(SIGXFSZ, SIG_IGN);
  return yent::run_program("yent-run", [&] { yent::run(argc, argv); });
}
