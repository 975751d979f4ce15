// Files that we write: whole or not at all.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace yent {

// Throws a run error naming `path` unless a file can be written there: the folder exists and a new
// file can be made in it, and `path` itself is absent or a writable file. Leaves nothing behind.
// Call it before the work whose result goes there.
void ensure_writable(const std::filesystem::path& path);

// Replaces `path` by a rename, so that a reader sees the old file or the new one, never a part.
// A symbolic link stays and its target is replaced; a device or pipe is written directly. Throws
// a run error naming `path`, and then the old file is untouched.
void write_file_atomically(const std::filesystem::path& path, std::span<const uint8_t> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace yent
