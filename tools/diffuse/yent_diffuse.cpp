// yent-diffuse: character diffusion.
#include <signal.h>

#include <cstdlib>
#include <string_view>

#include "tools/diffuse/about.h"
#include "tools/diffuse/commands.h"
#include "tools/diffuse/train.h"
#include "tools/exit_code.h"
#include "tools/interrupt.h"

namespace yent::diffuse {
namespace {

void run(int argc, char** argv) {
  // Trainings have a command line of their own.
  if (argc > 1 && std::string_view(argv[1]) == "train") {
    return train(argc - 1, argv + 1, std::getenv("YENT_ISA"));
  }
  const auto options = parse_options(argc, argv, std::getenv("YENT_ISA"));
  if (!options) return;
  Console console({.quiet = options->quiet, .verbose = options->verbose});
  for (const Command& command : commands()) {
    if (command.name == options->command) return command.run(*options, console);
  }
}

}  // namespace
}  // namespace yent::diffuse

int main(int argc, char** argv) {
  yent::handle_interrupts();
  // Past a limit on the size of files a write then fails as on a full disk.
  ::signal(SIGXFSZ, SIG_IGN);
  return yent::run_program("yent-diffuse", [&] { yent::diffuse::run(argc, argv); });
}
