// Files inside the executable, for a program that is one file (tools/package static).
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

namespace yent {

// The paths of embedded files begin with this.
constexpr const char* embedded_root = "embedded:";

// The bytes of an embedded file, 64-byte aligned and alive as long as the program; nothing where
// the program has no file of that path.
std::optional<std::span<const std::byte>> embedded_file(const std::filesystem::path& path);

// Whether `path` is a file or a folder, embedded or not. A path that cannot be looked at is
// neither.
bool is_file(const std::filesystem::path& path);
bool is_folder(const std::filesystem::path& path);

// The files of a folder, embedded or not, in any order. None where there is no such folder.
std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder);

}  // namespace yent
