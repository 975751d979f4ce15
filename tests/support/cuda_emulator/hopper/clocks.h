// Who knows of which events: a vector clock for each thread. What a thread did before it arrived at
// a barrier is known to those that waited for the barrier.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace yent::cuda::emulator {

// By thread, and by barrier: the number of the last event that is known, of a barrier its phases.
struct Known {
  std::vector<uint32_t> events;
  // Those that a fence has put before the copies and products of the asynchronous proxy.
  std::vector<uint32_t> fenced;

  void clear(size_t count);
  void add(const Known& other);
};

class Clocks {
 public:
  static constexpr int kMaxBarriers = 32;

  void begin(int threads);
  Known& of(int thread) { return known_[thread]; }
  // The number of what the thread does now.
  uint32_t now(int thread) const { return known_[thread].events[thread]; }
  // What it does next comes after what others learn from this.
  void step(int thread) { ++known_[thread].events[thread]; }
  void fence(int thread);
  // All threads know all.
  void meet();
  // Where the phases of a barrier are counted.
  int place_of(int barrier) const { return static_cast<int>(known_.size()) + barrier; }

 private:
  std::vector<Known> known_;
};

}  // namespace yent::cuda::emulator
