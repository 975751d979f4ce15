#include "kernels/cpu/runtime/pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <new>

namespace yent {
namespace {

constexpr size_t line = 64, huge = 2 << 20, shared = 8 * huge;

}  // namespace

Pages::Pages(size_t bytes)
    : mapped_((bytes + huge - 1) / huge * huge + huge), bytes_(mapped_ - huge) {
  map_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map_ == MAP_FAILED) throw std::bad_alloc();
  start_ =
      reinterpret_cast<std::byte*>((reinterpret_cast<uintptr_t>(map_) + huge - 1) / huge * huge);
  // Weights are read end to end: huge pages spare most of the page faults and table walks. A
  // system that has none to give says so, and nothing is lost.
  madvise(start_, bytes_, MADV_HUGEPAGE);
}

Pages::~Pages() { munmap(map_, mapped_); }

void Pages::adopt(Pages& other) {
  const size_t moved = std::min(bytes_, other.bytes_);
  if (mremap(other.start_, moved, moved, MREMAP_MAYMOVE | MREMAP_FIXED, start_) == MAP_FAILED)
    return;
  // What was moved away is a hole now, which the system may have filled again since.
  munmap(other.map_, other.start_ - static_cast<std::byte*>(other.map_));
  std::byte* rest = other.start_ + moved;
  other.mapped_ = static_cast<std::byte*>(other.map_) + other.mapped_ - rest;
  other.map_ = rest;
  other.start_ = rest;
  other.bytes_ -= moved;
}

std::shared_ptr<std::byte> aligned_bytes(size_t bytes) {
  bytes = (std::max<size_t>(bytes, 1) + line - 1) / line * line;
  if (bytes >= huge) {
    const auto pages = std::make_shared<Pages>(bytes);
    return {pages, pages->data()};
  }
  // What is smaller shares pages with what was asked for before and after it, which live and die
  // together: the layers of a network.
  static std::mutex mutex;
  static std::weak_ptr<Pages> latest;
  static size_t used = 0;
  const std::lock_guard lock(mutex);
  std::shared_ptr<Pages> pages = latest.lock();
  if (!pages || pages->bytes() - used < bytes) {
    latest = pages = std::make_shared<Pages>(shared);
    used = 0;
  }
  used += bytes;
  return {pages, pages->data() + used - bytes};
}

}  // namespace yent
