// What a network is trained on: sequences, and their union in batches.
#pragma once

#include <vector>

#include "engine/training/transformer.h"

namespace yent::training {

// The rows of one sequence, as in Batch. The weights of a step's sequences are divided by their
// sum.
struct Sequence {
  Ids ids;
  std::vector<int32_t> positions, targets;
  std::vector<float> weights;

  size_t rows() const { return targets.size(); }
};

// Where sequences come from. Any thread may call it.
class SequenceSource {
 public:
  virtual ~SequenceSource() = default;
  // Those of a training step: the same for the same seed and step.
  virtual std::vector<Sequence> training(uint64_t seed, int64_t step) const = 0;
  // Those that measure progress, always the same; none where there is too little data.
  virtual std::vector<Sequence> validation() const = 0;
};

// Batches of at most `most_rows` rows, or of one sequence that is longer, in order. The weights sum
// up to 1, or to 0 where no row has any.
std::vector<Batch> make_batches(const std::vector<Sequence>& sequences, size_t most_rows);

}  // namespace yent::training
