// The two modes of ascii-gen.
#pragma once

#include "tools/ascii_art/gen_options.h"

namespace yent::art {

// Throw what the program ends with.
void print_info(const GenOptions& o);
void generate(const GenOptions& o);

}  // namespace yent::art
