// A finished picture on its way out: filtered, written, drawn in the terminal.
#pragma once

#include <filesystem>
#include <string>

#include "engine/ascii/filter.h"
#include "engine/pipeline/pipeline.h"
#include "tools/run.h"

namespace yent {

// Where one picture goes: `-` is standard output; without a path it becomes a new file under the
// next free number. Without a path for the ASCII art that is not written.
struct Outputs {
  std::filesystem::path picture, ascii, html;
};

// What a picture keeps: AUTOMATIC1111's settings, and what --again needs, which may be nothing.
struct KeptText {
  std::string infotext, recipe;
};

// How the picture is drawn in characters. Throws a usage error for a charset that is none.
AsciiOptions ascii_options(const Options& options);

// Throws a usage error where the characters of a width x height picture would make a picture too
// large to be written, which is better known before painting.
void check_ascii_size(const Options& options, int width, int height);

// Writes one picture, drawn by its words' attention where that was asked for, with its
// text, and draws it where there is a terminal. Returns where the picture is. Throws a run
// error where an output cannot be written.
std::filesystem::path show(Run& run, const Painted& painted, const Outputs& to,
                           const KeptText& text);

}  // namespace yent
