// A finished picture on its way out: filtered, written, drawn in the terminal.
#pragma once

#include <filesystem>
#include <string>

#include "engine/pipeline/pipeline.h"
#include "tools/run.h"

namespace yent {

// Where one picture goes: `-` is standard output; without a path it becomes a new file under the
// next free number. Without a path for the ASCII art that is not written.
struct Outputs {
  std::filesystem::path picture, ascii;
};

// Writes one picture, drawn by its words' attention where that was asked for, with `text` as its
// parameters, and draws it where there is a terminal. Returns where the picture is. Throws a run
// error where an output cannot be written.
std::filesystem::path show(Run& run, const Painted& painted, const Outputs& to,
                           const std::string& text);

}  // namespace yent
