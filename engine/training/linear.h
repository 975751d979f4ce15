// y = x W^T, without bias; W is [out, in].
#pragma once

#include "engine/training/matrix.h"

namespace yent::training {

class Linear {
 public:
  explicit Linear(Parameter& weight)
      : weight_(weight),
        out_(static_cast<size_t>(weight.dims[0])),
        in_(static_cast<size_t>(weight.dims[1])) {}

  void forward(const TrainingDevice& device, const Matrix& x, Matrix& y) const {
    y.resize(x.rows, out_);
    device.multiply(y.values.data(), out_, {x.rows, out_, in_}, x.view(),
                    {weight_.value.data(), in_, true}, false);
  }

  // dx = dy W; dx may be x. The weight's gradient, dy^T x, is added to the one it has.
  void backward(const TrainingDevice& device, const Matrix& x, const Matrix& dy, Matrix& dx) const {
    add_weight_gradient(device, x, dy);
    dx.resize(x.rows, in_);
    add_input_gradient(device, dy, dx, false);
  }

  // The same added to dx, where x goes into several linears.
  void add_backward(const TrainingDevice& device, const Matrix& x, const Matrix& dy,
                    Matrix& dx) const {
    add_weight_gradient(device, x, dy);
    add_input_gradient(device, dy, dx, true);
  }

 private:
  void add_weight_gradient(const TrainingDevice& device, const Matrix& x, const Matrix& dy) const {
    device.multiply(weight_.gradient.data(), in_, {out_, in_, x.rows}, dy.view(true), x.view(),
                    true);
  }

  void add_input_gradient(const TrainingDevice& device, const Matrix& dy, Matrix& dx,
                          bool add) const {
    device.multiply(dx.values.data(), in_, {dy.rows, in_, out_}, dy.view(),
                    {weight_.value.data(), in_}, add);
  }

  Parameter& weight_;
  size_t out_, in_;
};

}  // namespace yent::training
