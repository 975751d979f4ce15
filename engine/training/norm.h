// x / sqrt(mean(x^2) + eps), with a gain for each column or none.
#pragma once

#include "engine/training/matrix.h"

namespace yent::training {

class RmsNorm {
 public:
  // What backward needs: the rows before the gain and, of each, 1 / sqrt(mean(x^2) + eps).
  struct Kept {
    Matrix normalized, scaled;
    std::vector<float> inverse;
  };

  RmsNorm(Parameter* gain, float eps) : gain_(gain), eps_(eps) {}

  // The result lies in `kept`.
  const Matrix& forward(const TrainingDevice& device, const Matrix& x, Kept& kept) const;
  const Matrix& result(const Kept& kept) const { return gain_ ? kept.scaled : kept.normalized; }
  // Adds to dx and to the gradient of the gain. Changes dy.
  void backward(const TrainingDevice& device, const Kept& kept, Matrix& dy, Matrix& dx) const;

 private:
  void gain_backward(const TrainingDevice& device, const Matrix& normalized, Matrix& dy) const;

  Parameter* gain_;
  float eps_;
};

}  // namespace yent::training
