#include "kernels/cpu/runtime/pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <mutex>
#include <new>

#include "kernels/cpu/runtime/cache_sizes.h"
#include "kernels/integers.h"

namespace yent {
namespace {

constexpr size_t huge = 2 << 20, shared = 8 * huge;

}  // namespace

Pages::Pages(size_t bytes) : mapped_(round_up(bytes, huge) + huge), bytes_(mapped_ - huge) {
  map_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (map_ == MAP_FAILED) throw std::bad_alloc();
  start_ = reinterpret_cast<std::byte*>(round_up(reinterpret_cast<uintptr_t>(map_), huge));
  // Weights are read from end to end: huge pages save most of the page faults and table walks.
  // Where the system has none, the call fails and changes nothing.
  madvise(start_, bytes_, MADV_HUGEPAGE);
}

Pages::~Pages() { munmap(map_, mapped_); }

void Pages::adopt(Pages& other) {
  const size_t moved = std::min(bytes_, other.bytes_);
  if (mremap(other.start_, moved, moved, MREMAP_MAYMOVE | MREMAP_FIXED, start_) == MAP_FAILED)
    return;
  // The pages moved away have left a hole, which the system may already have filled again. So only
  // the memory before it is unmapped here, and `other` keeps what follows it.
  munmap(other.map_, other.start_ - static_cast<std::byte*>(other.map_));
  std::byte* rest = other.start_ + moved;
  other.mapped_ = static_cast<std::byte*>(other.map_) + other.mapped_ - rest;
  other.map_ = rest;
  other.start_ = rest;
  other.bytes_ -= moved;
}

std::shared_ptr<std::byte> aligned_bytes(size_t bytes) {
  bytes = round_up(std::max<size_t>(bytes, 1), cache_line);
  if (bytes >= huge) {
    const auto pages = std::make_shared<Pages>(bytes);
    return {pages, pages->data()};
  }
  // Smaller blocks share pages with the blocks asked for before and after, which usually have the
  // same lifetime: the layers of a network.
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
