// Attention within each sequence of a batch, with its backward pass. The probabilities are not
// kept: backward computes them again from the scores and the logarithm of each row's sum.
#pragma once

#include "engine/training/matrix.h"

namespace yent::training {

struct AttentionSpec {
  size_t heads = 1, head_width = 64;
  float scale = 0.125f;
  bool causal = false;  // row r sees the rows 0 .. r of its sequence, else all of it
};

// Rows [begin, begin + count) of a batch. Sequences of different lengths need no padding.
struct Segment {
  size_t begin = 0, count = 0;
};

// Heads are equal slices of the columns. All matrices are [rows, heads * head_width].
class Attention {
 public:
  explicit Attention(const AttentionSpec& spec) : spec_(spec) {}

  struct Inputs {
    const Matrix &q, &k, &v;
    const std::vector<Segment>& segments;
  };
  // log_sums: of each row and head, the logarithm of the sum that softmax divides by.
  void forward(const TrainingDevice& device, const Inputs& in, Matrix& out,
               std::vector<float>& log_sums) const;

  struct Kept {
    const Matrix& out;
    const std::vector<float>& log_sums;
  };
  struct Gradients {
    Matrix &dq, &dk, &dv;
  };
  void backward(const TrainingDevice& device, const Inputs& in, const Kept& kept,
                const Matrix& dout, const Gradients& to) const;

 private:
  AttentionSpec spec_;
};

}  // namespace yent::training
