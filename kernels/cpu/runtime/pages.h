// Memory in whole pages. On some machines the first touch of a page costs more than all that is
// computed with it, so working memory that grows takes its pages along.
#pragma once

#include <cstddef>
#include <memory>

namespace yent {

// Zeroed, at 64 bytes, at huge pages where it is that large.
std::shared_ptr<std::byte> aligned_bytes(size_t bytes);

// Zeros at first; throws std::bad_alloc.
class Pages {
 public:
  explicit Pages(size_t bytes);
  ~Pages();
  Pages(const Pages&) = delete;

  std::byte* data() const { return start_; }
  size_t bytes() const { return bytes_; }
  // Takes the pages of `other` for its first ones, with what is in them.
  void adopt(Pages& other);

 private:
  void* map_;
  size_t mapped_;
  std::byte* start_;  // at a huge page
  size_t bytes_;
};

}  // namespace yent
