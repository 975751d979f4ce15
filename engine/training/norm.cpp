#include "engine/training/norm.h"

#include <cmath>

namespace yent::training {

const Matrix& RmsNorm::forward(const TrainingDevice& device, const Matrix& x, Kept& kept) const {
  const size_t n = x.columns;
  kept.normalized.resize(x.rows, n);
  kept.inverse.resize(x.rows);
  if (gain_) kept.scaled.resize(x.rows, n);
  device.for_pieces(x.rows, piece_rows, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      const float* from = x.row(r);
      const float inverse = 1 / std::sqrt(dot(from, from, n) / static_cast<float>(n) + eps_);
      kept.inverse[r] = inverse;
      float* to = kept.normalized.row(r);
      for (size_t c = 0; c < n; ++c) to[c] = from[c] * inverse;
      if (!gain_) continue;
      float* scaled = kept.scaled.row(r);
      for (size_t c = 0; c < n; ++c) scaled[c] = to[c] * gain_->value[c];
    }
  });
  return result(kept);
}

// With n = x * inverse and y = n * gain: the gain's gradient is the sum of dy * n over the rows,
// and dn = dy * gain, which takes the place of dy.
void RmsNorm::gain_backward(const TrainingDevice& device, const Matrix& normalized,
                            Matrix& dy) const {
  device.for_pieces(dy.columns, 16, [&](size_t begin, size_t end) {
    float* gradient = gain_->gradient.data();
    const float* gain = gain_->value.data();
    for (size_t r = 0; r < dy.rows; ++r) {
      float* d = dy.row(r);
      const float* y = normalized.row(r);
      for (size_t c = begin; c < end; ++c) {
        gradient[c] += d[c] * y[c];
        d[c] *= gain[c];
      }
    }
  });
}

// dx += inverse * (dn - n * mean(dn * n))
void RmsNorm::backward(const TrainingDevice& device, const Kept& kept, Matrix& dy,
                       Matrix& dx) const {
  if (gain_) gain_backward(device, kept.normalized, dy);
  const size_t n = dy.columns;
  device.for_pieces(dy.rows, piece_rows, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      const float *d = dy.row(r), *y = kept.normalized.row(r);
      const float inverse = kept.inverse[r];
      const float along = inverse * dot(d, y, n) / static_cast<float>(n);
      float* to = dx.row(r);
      for (size_t c = 0; c < n; ++c) to[c] += inverse * d[c] - along * y[c];
    }
  });
}

}  // namespace yent::training
