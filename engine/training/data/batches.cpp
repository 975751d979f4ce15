#include "engine/training/data/batches.h"

namespace yent::training {
namespace {

template <class T>
void append(std::vector<T>& to, const std::vector<T>& from) {
  to.insert(to.end(), from.begin(), from.end());
}

void append(Batch& batch, const Sequence& sequence, float factor) {
  batch.segments.push_back({batch.rows(), sequence.rows()});
  batch.ids.resize(sequence.ids.size());
  for (size_t table = 0; table < sequence.ids.size(); ++table) {
    append(batch.ids[table], sequence.ids[table]);
  }
  append(batch.positions, sequence.positions);
  append(batch.targets, sequence.targets);
  for (const float weight : sequence.weights) batch.weights.push_back(weight * factor);
}

}  // namespace

std::vector<Batch> make_batches(const std::vector<Sequence>& sequences, size_t most_rows) {
  double total = 0;
  for (const Sequence& sequence : sequences) {
    for (const float weight : sequence.weights) total += weight;
  }
  const auto factor = static_cast<float>(total > 0 ? 1 / total : 0);
  std::vector<Batch> batches;
  for (const Sequence& sequence : sequences) {
    if (batches.empty() || batches.back().rows() + sequence.rows() > most_rows) {
      batches.emplace_back();
    }
    append(batches.back(), sequence, factor);
  }
  return batches;
}

}  // namespace yent::training
