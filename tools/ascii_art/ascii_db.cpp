// ascii-db: a database of drawings in characters, for training and for looking at.
#include <signal.h>

#include "tools/ascii_art/db_commands.h"
#include "tools/exit_code.h"
#include "tools/interrupt.h"

int main(int argc, char** argv) {
  yent::handle_interrupts();
  // Past a limit on the size of files a write then fails as on a full disk.
  ::signal(SIGXFSZ, SIG_IGN);
  return yent::run_program("ascii-db", [&] { yent::art::run_database_program(argc, argv); });
}
