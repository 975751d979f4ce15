// AdamW (Loshchilov and Hutter, 2019) with a clipped gradient and a learning rate that warms up and
// falls along a cosine. Numbers are those of torch.optim.AdamW.
#pragma once

#include <deque>

#include "engine/training/matrix.h"

namespace yent::training {

struct OptimizerSettings {
  double learning_rate = 3e-4;
  double beta1 = 0.9, beta2 = 0.999, eps = 1e-8;
  double decay = 0.01;        // of inward and outward matrices
  bool tables_decay = false;  // and of tables; gains never decay
  double clip = 0;            // the greatest norm of the whole gradient; 0: any
  double warm_up = 0;         // share of all steps in which the rate rises from 0
  double final_share = 1;     // of the rate, reached along a cosine at the last step
};

// The rate of step 0, 1, ...
double learning_rate(const OptimizerSettings& settings, int64_t step, int64_t steps);

// One thread at a time. The parameters must outlive it.
class AdamW {
 public:
  struct Moments {
    std::vector<float> first, second;
  };

  AdamW(const OptimizerSettings& settings, std::deque<Parameter>& parameters);

  // One step with the gradients, which it zeroes. Returns their norm before clipping.
  double step(const TrainingDevice& device, int64_t step, int64_t steps);

  // Of each parameter, in order: what a checkpoint keeps.
  std::vector<Moments>& moments() { return moments_; }
  const std::vector<Moments>& moments() const { return moments_; }

 private:
  double gradient_norm(const TrainingDevice& device) const;

  OptimizerSettings settings_;
  std::deque<Parameter>& parameters_;
  std::vector<Moments> moments_;
};

}  // namespace yent::training
