// What yent-run says of itself beside its options: the head and the end of its help and of its
// manual page.
#pragma once

#include "tools/command_line/option_table.h"

namespace yent {

About about_yent_run();

}  // namespace yent
