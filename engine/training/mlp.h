// The feed-forward part of a block: two linears around max(0, h)^2, or three around silu(g) * u
// (SwiGLU).
#pragma once

#include "engine/training/linear.h"

namespace yent::training {

class Mlp {
 public:
  // Without a gate, `up` is the only linear in front.
  Mlp(Parameter* gate, Parameter& up, Parameter& down)
      : gated_(gate != nullptr), gate_(gate ? *gate : up), up_(up), down_(down) {}

  struct Kept {
    Matrix gate, up, hidden;
  };
  void forward(const TrainingDevice& device, const Matrix& x, Kept& kept, Matrix& y) const;
  // Changes what was kept.
  void backward(const TrainingDevice& device, const Matrix& x, Kept& kept, const Matrix& dy,
                Matrix& dx) const;

 private:
  bool gated_;
  Linear gate_, up_, down_;
};

}  // namespace yent::training
