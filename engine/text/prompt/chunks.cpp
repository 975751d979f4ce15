#include "engine/text/prompt/chunks.h"

#include <utility>

#include "kernels/error.h"

namespace yent {
namespace {

constexpr size_t kCommaReach = 20;

}  // namespace

// A full chunk ends behind its last comma, if that is near.
void ChunkBuilder::carry_over() {
  if (!last_comma_ || chunk_.ids.size() - *last_comma_ > kCommaReach) return end_chunk();
  const auto kept = static_cast<ptrdiff_t>(*last_comma_) + 1;
  const PromptChunk rest{{chunk_.ids.begin() + kept, chunk_.ids.end()},
                         {chunk_.weights.begin() + kept, chunk_.weights.end()}};
  chunk_.ids.resize(kept);
  chunk_.weights.resize(kept);
  end_chunk();
  chunk_ = rest;
}

void ChunkBuilder::add(int32_t id, size_t count, float weight) {
  ENSURE(count <= capacity_, "{} tokens in a chunk of {}", count, capacity_);
  const bool full = chunk_.ids.size() == capacity_;
  if (comma_ && id == *comma_) {  // a comma itself does not move
    last_comma_ = chunk_.ids.size();
    if (full) end_chunk();
  } else if (full) {
    carry_over();
  }
  if (chunk_.ids.size() + count > capacity_) end_chunk();
  for (size_t i = 0; i < count; ++i) {
    chunk_.ids.push_back(id + static_cast<int32_t>(i));
    chunk_.weights.push_back(weight);
  }
}

void ChunkBuilder::end_chunk() {
  done_.push_back(std::exchange(chunk_, {}));
  last_comma_.reset();
}

std::vector<PromptChunk> ChunkBuilder::finish() {
  if (!chunk_.ids.empty() || done_.empty()) end_chunk();
  return std::move(done_);
}

}  // namespace yent
