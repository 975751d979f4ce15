// ascii-gen: a small transformer draws something in characters.
#include <signal.h>

#include <cstdlib>

#include "tools/ascii_art/generate.h"
#include "tools/exit_code.h"
#include "tools/interrupt.h"

int main(int argc, char** argv) {
  yent::handle_interrupts();
  // Past a limit on the size of files a write then fails as on a full disk.
  ::signal(SIGXFSZ, SIG_IGN);
  return yent::run_program("ascii-gen", [&] {
    const auto options = yent::art::parse_gen_options(argc, argv, std::getenv("YENT_ISA"));
    if (!options) return;
    options->info ? yent::art::print_info(*options) : yent::art::generate(*options);
  });
}
