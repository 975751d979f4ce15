// A text as data for character diffusion: pieces of it with some characters masked.
#pragma once

#include <string_view>

#include "engine/training/data/batches.h"

namespace yent::training {

// A training sequence starts anywhere in the first nine tenths of the text. Its time t is uniform
// in 0 .. 127, and each position behind the context is masked (id 0) with probability (t + 1) /
// 128. The loss is on the masked positions. The validation has 64 sequences at even distances in
// the last tenth, with times at even distances.
class TextSource : public SequenceSource {
 public:
  struct Options {
    int batch = 64, length = 256, context = 16;
  };
  // Ids as the tokenizer makes them: min(code point, 127). Throws a file error, which names
  // `where`, for a text that is too short.
  TextSource(std::vector<uint8_t> ids, const Options& options, const std::string& where);

  std::vector<Sequence> training(uint64_t seed, int64_t step) const override;
  std::vector<Sequence> validation() const override;

  size_t characters() const { return ids_.size(); }

 private:
  std::vector<uint8_t> ids_;
  Options options_;
  size_t training_end_;  // ids before it are trained on
};

// UTF-8 to ids: min(code point, 127).
std::vector<uint8_t> character_ids(std::string_view utf8);

}  // namespace yent::training
