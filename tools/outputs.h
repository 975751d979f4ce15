// The files that a run writes: their names, and what can be wrong with them before any work.
#pragma once

#include <filesystem>
#include <vector>

#include "tools/options.h"

namespace yent {

// picture.png, picture_2.png, picture_3.png, ...; an empty path stays empty.
std::filesystem::path numbered(const std::filesystem::path& path, int index);

// Where the pictures of a run go, one for each. `first` counts those made before.
std::vector<std::filesystem::path> picture_paths(const Options& options, int first = 0);

// Whether a picture of this name is a JPEG. All others are PNG.
bool is_jpeg_name(const std::filesystem::path& path);

// Throws a usage error where a picture's name has no ending of a picture, where two outputs are one
// file, or where an output is an input; a run error for a file that cannot be written.
void check_outputs(const Options& options);

}  // namespace yent
