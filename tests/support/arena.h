// Working memory for tests of ops: every block poisoned with NaN and fenced, sizes recorded.
#pragma once

#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <memory>
#include <vector>

#include "kernels/backend.h"

namespace yent {

class TestArena : public Arena {
 public:
  explicit TestArena(bool measure = false) : measure_(measure) {}

  Block take(size_t bytes) override {
    Block block{.bytes = bytes, .id = static_cast<int>(sizes.size())};
    sizes.push_back(bytes);
    if (measure_) return block;
    auto& memory = live_[block.id];
    memory.assign(bytes + 2 * fence + 64, std::byte{0xff});  // 0xffffffff is a NaN
    const auto address = reinterpret_cast<uintptr_t>(memory.data() + fence);
    block.data = memory.data() + fence + (64 - address % 64) % 64;
    return block;
  }

  void give(const Block& block) override {
    if (measure_) return;
    const auto& memory = live_.at(block.id);
    const auto untouched = [](std::byte b) { return b == std::byte{0xff}; };
    CHECK(std::all_of(memory.data(), static_cast<const std::byte*>(block.data), untouched));
    CHECK(std::all_of(static_cast<const std::byte*>(block.data) + block.bytes,
                      memory.data() + memory.size(), untouched));
    live_.erase(block.id);
  }

  bool measuring() const override { return measure_; }

  std::vector<size_t> sizes;  // of every block taken, in order

 private:
  static constexpr size_t fence = 256;
  bool measure_;
  std::map<int, std::vector<std::byte>> live_;
};

}  // namespace yent
