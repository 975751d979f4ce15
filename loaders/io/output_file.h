// Files that we write: whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>

namespace yent {

// Throws a run error naming `path` unless a file can be written there: the folder exists and a new
// file can be made in it, and `path` itself is absent or a writable file. Leaves nothing behind.
// Call it before the work whose result goes there.
void ensure_writable(const std::filesystem::path& path);

// A file in pieces. It replaces `path` by a rename in finish(), so that a reader sees the old file
// or the new one, never a part; without finish() nothing has changed. A symbolic link stays and its
// target is replaced; a device or pipe is written directly. All but the destructor throw a run
// error naming `path`. One thread at a time.
class OutputFile {
 public:
  explicit OutputFile(const std::filesystem::path& path);
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  ~OutputFile();

  void write(std::span<const std::byte> bytes);
  void finish();

 private:
  [[noreturn]] void fail(int reason) const;

  std::filesystem::path path_, target_, temporary_;  // no temporary: written directly
  int fd_ = -1;
};

// A whole file at once, as OutputFile does it.
void write_file_atomically(const std::filesystem::path& path, std::span<const uint8_t> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

}  // namespace yent
