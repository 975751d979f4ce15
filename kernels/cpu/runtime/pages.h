// Memory in whole pages. On some machines the first touch of a page costs more than the computation
// on it, so working memory that grows keeps its pages.
#pragma once

#include <cstddef>
#include <memory>

namespace yent {

// Zeroed memory, 64-byte aligned; from 2 MB on in huge pages, where the system has some. Throws
// std::bad_alloc. Any thread may call it.
std::shared_ptr<std::byte> aligned_bytes(size_t bytes);

// At least `bytes` of zeros, aligned to 2 MB. Throws std::bad_alloc.
class Pages {
 public:
  explicit Pages(size_t bytes);
  ~Pages();
  Pages(const Pages&) = delete;

  std::byte* data() const { return start_; }
  size_t bytes() const { return bytes_; }
  // Replaces its first pages by those of `other`, with their contents; `other` loses them.
  void adopt(Pages& other);

 private:
  void* map_;
  size_t mapped_;
  std::byte* start_;  // aligned to a huge page
  size_t bytes_;
};

}  // namespace yent
