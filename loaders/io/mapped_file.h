// A file, read through the page cache.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

namespace yent {

// Read-only mapping of a whole regular file. An empty file maps to an empty span. Throws a
// file error naming the path. Not copyable; moving keeps the addresses. Const functions may be
// called from several threads at once. The bytes are valid as long as the object.
class MappedFile {
 public:
  explicit MappedFile(const std::filesystem::path& path);
  // Bytes in memory under the name of a file, for readers that are given no path. They are
  // borrowed: they must outlive the object and all that was read from it.
  static std::shared_ptr<const MappedFile> borrow(std::span<const std::byte> bytes,
                                                  const std::filesystem::path& name);
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  const std::filesystem::path& path() const { return path_; }

  // A hint that these bytes are not needed again soon: whole pages inside the range leave this
  // process's resident set. They stay readable. Borrowed bytes are left alone.
  void release(const std::byte* begin, size_t count) const;

 private:
  MappedFile() = default;

  std::filesystem::path path_;
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  bool mapped_ = false;    // not so for a file inside the executable
  bool borrowed_ = false;  // memory that no file backs: it cannot be read again
};

}  // namespace yent
