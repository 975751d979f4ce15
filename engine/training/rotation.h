// What queries and keys go through before attention: each head is rotated by its position (RoPE)
// and divided by its root mean square. A rotation keeps lengths, so the order makes no difference.
#pragma once

#include "engine/training/matrix.h"

namespace yent::training {

// A head is `axes` equal slices, and each slice of a row is turned by that axis' position: pair (i,
// i + half) of a slice by position * base^(-i / half), to the left; to the right if `clockwise`.
struct RotationSpec {
  size_t head_width = 64, axes = 1;
  double base = 10000;
  bool clockwise = false;
  int positions = 512;  // positions are 0 .. positions - 1
  float eps = 1e-5f;
};

class Rotation {
 public:
  explicit Rotation(const RotationSpec& spec);

  // In place. `positions` has `axes` numbers for each row. Keeps the factor that each head of each
  // row was multiplied by.
  void forward(const TrainingDevice& device, Matrix& x, const std::vector<int32_t>& positions,
               std::vector<float>& inverse) const;
  // `y` is what forward made of x; dy becomes dx.
  void backward(const TrainingDevice& device, const Matrix& y,
                const std::vector<int32_t>& positions, const std::vector<float>& inverse,
                Matrix& dy) const;

 private:
  void turn(float* head, const int32_t* at, float direction) const;

  RotationSpec spec_;
  size_t half_;               // pairs of a slice
  std::vector<float> table_;  // of each position: half_ cosines, half_ sines
};

}  // namespace yent::training
