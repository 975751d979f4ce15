// Where the files that come with the program are.
#pragma once

#include <filesystem>
#include <string>

namespace yent {

// `name` ("default", "clip", "policies/int8.policy"): inside the executable
// (loaders/io/embedded.h), beside the program or the shared library that this code is in, in
// share/yent of its prefix, in the weights of the source tree it was built from, or where `cmake
// --install` puts data; the last one where none has it, so that an error names a path. Any thread.
std::filesystem::path shipped(const std::string& name);

// A painter's or a voice's path, as people name it: `default` is the shipped one.
std::filesystem::path painter_path(const std::string& name);
std::filesystem::path voice_path(const std::string& name);

}  // namespace yent
