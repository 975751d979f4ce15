// What yent-diffuse says of itself beside its options.
#pragma once

#include "tools/command_line/option_table.h"

namespace yent::diffuse {

About about();

}  // namespace yent::diffuse
