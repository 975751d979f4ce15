// Tokens of a prompt, shared out into chunks that a text encoder reads one at a time, as
// AUTOMATIC1111 does it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace yent {

// What one pass of the text encoder reads, and what the hidden state of each position is multiplied
// with.
struct PromptChunk {
  std::vector<int32_t> ids;
  std::vector<float> weights;  // one for each id

  bool operator==(const PromptChunk&) const = default;
};

// Fills chunks of at most `capacity` tokens, without start, end and padding. Where a chunk is full
// and one of its last 20 tokens is a comma, what follows the comma moves to the next chunk, so that
// a phrase is not torn (A1111's "comma padding backtrack", by default 20).
class ChunkBuilder {
 public:
  // `comma` is the token of a comma that ends a word, where there is one.
  ChunkBuilder(size_t capacity, std::optional<int32_t> comma)
      : capacity_(capacity), comma_(comma) {}

  // Tokens id, id + 1, ..., which stay in one chunk; `count` is at most the capacity.
  void add(int32_t id, size_t count, float weight);
  // The next token begins a chunk. A chunk may be empty.
  void end_chunk();

  // All chunks, at least one; an empty one at the end only where it is the only one.
  std::vector<PromptChunk> finish();

 private:
  void carry_over();

  size_t capacity_;
  std::optional<int32_t> comma_;
  std::optional<size_t> last_comma_;  // its position in the chunk that is being filled
  PromptChunk chunk_;
  std::vector<PromptChunk> done_;
};

}  // namespace yent
