// -I with a preset: a menu of what its users do.
#pragma once

#include "tools/run.h"
#include "tools/talk/line_editor.h"

namespace yent {

// Until the end is chosen or there are no more lines. What goes wrong ends one turn in a terminal,
// and everything where nobody reads it.
void run_menu(const Run& run, LineEditor& lines);

}  // namespace yent
