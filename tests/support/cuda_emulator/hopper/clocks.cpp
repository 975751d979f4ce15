#include "tests/support/cuda_emulator/hopper/clocks.h"

#include <algorithm>

namespace yent::cuda::emulator {
namespace {

void raise(std::vector<uint32_t>& to, const std::vector<uint32_t>& from) {
  for (size_t i = 0; i < to.size(); ++i) to[i] = std::max(to[i], from[i]);
}

}  // namespace

void Known::clear(size_t count) {
  events.assign(count, 0);
  fenced.assign(count, 0);
}

void Known::add(const Known& other) {
  raise(events, other.events);
  raise(fenced, other.fenced);
}

void Clocks::begin(int threads) {
  known_.resize(threads);
  for (int i = 0; i < threads; ++i) {
    known_[i].clear(threads + kMaxBarriers);
    known_[i].events[i] = 1;
  }
}

void Clocks::fence(int thread) {
  raise(known_[thread].fenced, known_[thread].events);
  step(thread);
}

void Clocks::meet() {
  Known all = known_[0];
  for (const Known& k : known_) all.add(k);
  for (int i = 0; i < static_cast<int>(known_.size()); ++i) {
    known_[i] = all;
    step(i);
  }
}

}  // namespace yent::cuda::emulator
