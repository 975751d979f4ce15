#include "engine/training/rotation.h"

#include <cmath>

#include "kernels/portable_math.h"

namespace yent::training {

Rotation::Rotation(const RotationSpec& spec)
    : spec_(spec), half_(spec.head_width / spec.axes / 2), table_(spec.positions * half_ * 2) {
  for (int p = 0; p < spec.positions; ++p) {
    for (size_t i = 0; i < half_; ++i) {
      const double share = static_cast<double>(i) / static_cast<double>(half_);
      const double angle = p * portable::pow(spec.base, -share) * (spec.clockwise ? -1 : 1);
      float* row = table_.data() + p * half_ * 2;
      row[i] = static_cast<float>(portable::cos(angle));
      row[half_ + i] = static_cast<float>(portable::sin(angle));
    }
  }
}

void Rotation::turn(float* head, const int32_t* at, float direction) const {
  for (size_t axis = 0; axis < spec_.axes; ++axis) {
    const float* cosine = table_.data() + static_cast<size_t>(at[axis]) * half_ * 2;
    const float* sine = cosine + half_;
    float *a = head + axis * half_ * 2, *b = a + half_;
    for (size_t i = 0; i < half_; ++i) {
      const float x = a[i], y = b[i], s = direction * sine[i];
      a[i] = x * cosine[i] - y * s;
      b[i] = x * s + y * cosine[i];
    }
  }
}

void Rotation::forward(const TrainingDevice& device, Matrix& x,
                       const std::vector<int32_t>& positions, std::vector<float>& inverse) const {
  const size_t width = spec_.head_width, heads = x.columns / width;
  inverse.resize(x.rows * heads);
  device.for_pieces(x.rows, piece_rows, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      for (size_t h = 0; h < heads; ++h) {
        float* head = x.row(r) + h * width;
        const float mean = dot(head, head, width) / static_cast<float>(width);
        const float factor = 1 / std::sqrt(mean + spec_.eps);
        inverse[r * heads + h] = factor;
        for (size_t c = 0; c < width; ++c) head[c] *= factor;
        turn(head, positions.data() + r * spec_.axes, 1);
      }
    }
  });
}

// As a norm's backward, dx = inverse * (dn - n * mean(dn * n)), of which the part in parentheses is
// turned back as a whole: turning keeps the mean.
void Rotation::backward(const TrainingDevice& device, const Matrix& y,
                        const std::vector<int32_t>& positions, const std::vector<float>& inverse,
                        Matrix& dy) const {
  const size_t width = spec_.head_width, heads = y.columns / width;
  device.for_pieces(y.rows, piece_rows, [&](size_t begin, size_t end) {
    for (size_t r = begin; r < end; ++r) {
      for (size_t h = 0; h < heads; ++h) {
        float* d = dy.row(r) + h * width;
        const float* n = y.row(r) + h * width;
        const float factor = inverse[r * heads + h];
        const float along = factor * dot(d, n, width) / static_cast<float>(width);
        for (size_t c = 0; c < width; ++c) d[c] = factor * d[c] - along * n[c];
        turn(d, positions.data() + r * spec_.axes, -1);
      }
    }
  });
}

}  // namespace yent::training
