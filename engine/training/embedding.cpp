#include "engine/training/embedding.h"

#include "engine/training/seeds.h"
#include "kernels/portable_math.h"

namespace yent::training {

void embed(const TrainingDevice& device, std::span<Parameter* const> tables, const Ids& ids,
           Matrix& x) {
  device.for_pieces(x.rows, piece_rows, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      float* to = x.row(r);
      std::fill_n(to, x.columns, 0.0f);
      for (size_t t = 0; t < tables.size(); ++t) {
        if (ids[t][r] < 0) continue;
        const float* from = tables[t]->value.data() + ids[t][r] * x.columns;
        for (size_t c = 0; c < x.columns; ++c) to[c] += from[c];
      }
    }
  });
}

// A task has some columns of all rows: two rows may have the same id.
void embed_backward(const TrainingDevice& device, std::span<Parameter* const> tables,
                    const Ids& ids, const Matrix& dx) {
  device.for_pieces(dx.columns, 32, [&](size_t begin, size_t end) {
    for (size_t t = 0; t < tables.size(); ++t) {
      for (size_t r = 0; r < dx.rows; ++r) {
        if (ids[t][r] < 0) continue;
        float* to = tables[t]->gradient.data() + ids[t][r] * dx.columns;
        for (size_t c = begin; c < end; ++c) to[c] += dx.row(r)[c];
      }
    }
  });
}

double cross_entropy(const TrainingDevice& device, Matrix& logits,
                     const std::vector<int32_t>& targets, const std::vector<float>& weights) {
  std::vector<double> losses(logits.rows);
  const size_t n = logits.columns;
  device.for_pieces(logits.rows, piece_rows, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      float* row = logits.row(r);
      if (weights[r] == 0) {
        std::fill_n(row, n, 0.0f);
        continue;
      }
      const float top = *std::max_element(row, row + n);
      const float target = row[targets[r]] - top;
      const float sum = device.exp_row(row, row, n, 1, -top);
      losses[r] = weights[r] * (portable::log(sum) - target);
      const float factor = weights[r] / sum;
      for (size_t c = 0; c < n; ++c) row[c] *= factor;
      row[targets[r]] -= weights[r];
    }
  });
  double total = 0;
  for (const double loss : losses) total += loss;
  return total;
}

// 16 random bits decide about an element.
void dropout(const TrainingDevice& device, Matrix& x, float rate, uint64_t key) {
  if (rate <= 0) return;
  const auto dropped = static_cast<uint64_t>(rate * 65536);
  const float factor = 1 / (1 - rate);
  device.for_pieces(x.count(), 16384, [&](size_t begin, size_t end) {
    float* values = x.values.data();
    for (size_t i = begin; i < end; i += 4) {
      const uint64_t bits = mix(key, i / 4);
      for (size_t j = 0; j < 4 && i + j < end; ++j) {
        values[i + j] = (bits >> (16 * j) & 0xffff) < dropped ? 0 : values[i + j] * factor;
      }
    }
  });
}

}  // namespace yent::training
