// The operations of training in f64, written as their formulas: what the trainer's forward is
// compared with, and of which finite differences give the gradients.
#pragma once

#include <functional>
#include <vector>

#include "engine/training/transformer.h"

namespace yent::reference {

struct Rows {
  size_t rows = 0, columns = 0;
  std::vector<double> values = {};

  Rows(size_t r, size_t c) : rows(r), columns(c), values(r * c) {}
  double& at(size_t r, size_t c) { return values[r * columns + c]; }
  double at(size_t r, size_t c) const { return values[r * columns + c]; }
};

Rows linear(const Rows& x, const Rows& w);  // x w^T
Rows rms_norm(const Rows& x, const Rows* gain, double eps);
Rows rotate(const Rows& x, const std::vector<int32_t>& positions,
            const training::RotationSpec& spec);
Rows attend(const Rows& q, const Rows& k, const Rows& v, const training::AttentionSpec& spec,
            const std::vector<training::Segment>& segments);
Rows squared_relu(const Rows& h);
Rows swiglu(const Rows& gate, const Rows& up);
double cross_entropy(const Rows& logits, const std::vector<int32_t>& targets,
                     const std::vector<float>& weights);

// The network that `spec` describes, with parameters in the order of Transformer::parameters().
Rows logits(const training::TransformerSpec& spec, const std::vector<Rows>& parameters,
            const training::Batch& batch);

Rows normal_rows(size_t rows, size_t columns, unsigned seed, double deviation = 1);
training::Matrix to_f32(const Rows& rows);
Rows to_f64(const training::Matrix& m);

// The derivative of f by each element of x, by central differences.
std::vector<double> gradient(Rows& x, const std::function<double()>& f);

// The greatest difference over the greatest magnitude of the expected values.
double difference(const float* got, const std::vector<double>& expected);

}  // namespace yent::reference
