#include "loaders/checkpoint/adapter/change.h"

#include <utility>
#include <vector>

#include "loaders/checkpoint/adapter/decompose.h"

namespace yent {

void apply_changes(std::span<const LoraChange> changes, float* w, int64_t rows, int64_t columns) {
  // All are prepared while the whole weight is still the model's.
  std::vector<std::pair<RowChange, float>> prepared;
  for (const LoraChange& change : changes) {
    RowChange of_row = change.kind->rows(change.parts, rows, columns);
    double scale = change.strength;
    if (change.decomposes) {
      of_row = decomposed(std::move(of_row), static_cast<float>(change.factor), change.parts,
                          {w, rows, columns});
    } else {
      scale *= change.factor;
    }
    prepared.emplace_back(std::move(of_row), static_cast<float>(scale));
  }
  std::vector<float> base(static_cast<size_t>(columns)), sum(base.size());
  for (int64_t row = 0; row < rows; ++row) {
    float* out = w + row * columns;
    base.assign(out, out + columns);
    for (const auto& [of_row, scale] : prepared) {
      of_row(row, base.data(), sum.data());
      for (size_t j = 0; j < sum.size(); ++j) out[j] += scale * sum[j];
    }
  }
}

}  // namespace yent
