// Outlines that were seen, by size, to find those that a new one is nearly the same as.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "engine/ascii_writer/shape_hash.h"

namespace yent::art {

class NearIndex {
 public:
  void add(const Outline& outline, int64_t id) {
    by_width_.at(outline.width).push_back({outline, id});
  }

  // The first one that is near.
  std::optional<int64_t> find(const Outline& outline) const {
    std::optional<int64_t> found;
    visit(outline, [&](int64_t id) {
      found = id;
      return false;
    });
    return found;
  }

  // Calls `with` with every one that is near, as long as it returns true.
  template <class With>
  void visit(const Outline& outline, With with) const {
    // 10 % of the larger: a ninth more, or a tenth less.
    const int least = outline.width * 9 / 10, most = outline.width * 10 / 9 + 1;
    for (int width = least; width <= most && width <= kMaxSide; ++width) {
      for (const Entry& entry : by_width_[width]) {
        if (near(entry.outline, outline) && !with(entry.id)) return;
      }
    }
  }

 private:
  struct Entry {
    Outline outline;
    int64_t id = 0;
  };
  std::array<std::vector<Entry>, kMaxSide + 1> by_width_;
};

}  // namespace yent::art
