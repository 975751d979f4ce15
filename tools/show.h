// A finished picture on its way out: filtered, written, drawn in the terminal.
#pragma once

#include <filesystem>
#include <string>

#include "engine/pipeline/pipeline.h"
#include "tools/run.h"

namespace yent {

// Where one picture goes. An empty path: nowhere.
struct Outputs {
  std::filesystem::path picture, ascii;  // `-`: standard output, for the picture
};

// Writes one picture, drawn by its words' attention where that was asked for, with `text` as its
// parameters, and draws it where there is a terminal. Throws a run error where an output cannot be
// written.
void show(Run& run, const Painted& painted, const Outputs& to, const std::string& text);

}  // namespace yent
