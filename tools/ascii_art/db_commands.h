// What ascii-db does.
#pragma once

namespace yent::art {

// Throws as the parts do; prints what was asked for on standard output and all else on standard
// error.
void run_database_program(int argc, char** argv);

}  // namespace yent::art
