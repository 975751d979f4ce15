// yent-diffuse train: trains character diffusion on a text. It has a command line of its own.
#pragma once

#include <vector>

#include "tools/command_line/option_table.h"

namespace yent::diffuse {

// The words behind "train". `environment_isa` may be null.
void train(int argc, char** argv, const char* environment_isa);

// Its options, which the completions of yent-diffuse know too.
std::vector<OptionRow> train_rows();

}  // namespace yent::diffuse
