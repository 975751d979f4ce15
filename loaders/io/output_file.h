// Files that we write: whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace yent {

// The file that a write to `path` makes or replaces: where a symbolic link points, existing or not.
std::filesystem::path output_target(const std::filesystem::path& path);

// Throws a run error naming `path` unless a file can be written there: the folder exists and a new
// file can be made in it, and `path` itself is absent or a writable file. Leaves nothing behind.
// Call it before the work whose result goes there.
void ensure_writable(const std::filesystem::path& path);

// A file in pieces. It replaces `path` by a rename in finish(), so that a reader sees the old file
// or the new one, never a part; without finish() nothing has changed. Until then it has no name
// where the file system allows that, so that not even a killed process leaves it behind; else a
// short hidden name beside `path`, whatever the length of that. A symbolic link stays and its
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
  // The same under a name in the same folder that no file has yet: false where one has, and another
  // name can be tried.
  bool finish_new(const std::string& name);

 private:
  void open_beside();
  void give_temporary_name();
  [[noreturn]] void fail(int reason) const;

  std::filesystem::path path_;
  std::string name_;       // in the folder; empty where the file is written directly
  std::string temporary_;  // in the folder, too; empty while the file has no name
  int folder_ = -1, fd_ = -1;
};

// A whole file at once, as OutputFile does it.
void write_file_atomically(const std::filesystem::path& path, std::span<const uint8_t> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

// A new file in `folder` under the first of name(first), name(first + 1), ... that no file has;
// returns its path. Of two processes that do so at once each gets its own.
std::filesystem::path write_new_file(const std::filesystem::path& folder,
                                     const std::function<std::string(int)>& name, int first,
                                     std::span<const uint8_t> bytes);

}  // namespace yent
