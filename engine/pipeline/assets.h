// Where the files that come with the program are.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

namespace yent {

// `name` ("default", "clip", "policies/int8.policy"): inside the executable
// (loaders/io/embedded.h), beside the program or the shared library that this code is in, in
// share/yent of its prefix, in the weights of the source tree it was built from, or where `cmake
// --install` puts data. Nothing where none has it. Any thread.
std::optional<std::filesystem::path> find_shipped(const std::string& name);

// The same; throws a file error that names all these places where none has it.
std::filesystem::path shipped(const std::string& name);

// A painter's or a voice's path, as people name it: `default` is the shipped one.
std::filesystem::path painter_path(const std::string& name);
std::filesystem::path voice_path(const std::string& name);

}  // namespace yent
