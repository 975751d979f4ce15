// A file, read through the page cache.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

namespace yent {

// Read-only mapping of a whole regular file. An empty file maps to an empty span. Throws a
// file error naming the path. Not copyable; moving keeps the addresses. Const functions may be
// called from several threads at once. The bytes are valid as long as the object.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::filesystem::path& path() const { return path_; }

  // A hint that these bytes are not needed again soon: whole pages inside the range leave this
  // process's resident set. They stay readable.
  void release(const std::byte* begin, size_t count) const;

 private:
  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  bool mapped_ = false;  // not so for a file inside the executable
};

}  // namespace yent
