// The files that a run writes: their names, and what can be wrong with them before any work.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tools/options.h"

namespace yent {

// A file of the command line and the option that it belongs to.
struct NamedFile {
  std::string option;
  std::filesystem::path path;

  std::string text() const { return option + " " + path.string(); }
};

// Every file that an option names and the run reads, and those of a folder that it names. Not all
// of them exist.
std::vector<NamedFile> inputs_of(const Options& options);

// picture.png, picture_2.png, picture_3.png, ...; an empty path stays empty.
std::filesystem::path numbered(const std::filesystem::path& path, int index);

// Where a picture goes without -o: yent-0001.png, yent-0002.png, ... in this folder, the first
// number above all that are there.
std::string unnamed_picture(int number);
int next_picture_number();

// Whether a picture of this name is a JPEG. All others are PNG.
bool is_jpeg_name(const std::filesystem::path& path);

// Throws a usage error where a picture's name has no ending of a picture, where two outputs are one
// file, or where an output is an input; a run error for a file that cannot be written.
void check_outputs(const Options& options);

}  // namespace yent
