#include "engine/training/mlp.h"

namespace yent::training {
namespace {

constexpr size_t piece = 4096;  // elements; a task's exponentials stay in the cache

// sigmoid(x) = 1 / (1 + e^-x)
void sigmoid(const TrainingDevice& device, const float* x, size_t count, float* out) {
  device.exp_row(out, x, count, -1, 0);
  for (size_t i = 0; i < count; ++i) out[i] = 1 / (1 + out[i]);
}

void squared_relu(const TrainingDevice& device, const Matrix& h, Matrix& y) {
  y.resize(h.rows, h.columns);
  device.for_pieces(h.count(), piece, [&](size_t begin, size_t end) {
    const float* from = h.values.data();
    float* to = y.values.data();
    for (size_t i = begin; i < end; ++i) {
      const float positive = from[i] > 0 ? from[i] : 0;
      to[i] = positive * positive;
    }
  });
}

// dy becomes dh.
void squared_relu_backward(const TrainingDevice& device, const Matrix& h, Matrix& dy) {
  device.for_pieces(h.count(), piece, [&](size_t begin, size_t end) {
    const float* from = h.values.data();
    float* d = dy.values.data();
    for (size_t i = begin; i < end; ++i) d[i] *= from[i] > 0 ? 2 * from[i] : 0;
  });
}

void swiglu(const TrainingDevice& device, const Matrix& gate, const Matrix& up, Matrix& y) {
  y.resize(up.rows, up.columns);
  device.for_pieces(up.count(), piece, [&](size_t begin, size_t end) {
    const float *g = gate.values.data(), *u = up.values.data();
    float* to = y.values.data();
    sigmoid(device, g + begin, end - begin, to + begin);
    for (size_t i = begin; i < end; ++i) to[i] *= g[i] * u[i];
  });
}

// dy becomes dup, and `gate` becomes its gradient: silu'(g) = s + g s (1 - s), s = sigmoid(g).
void swiglu_backward(const TrainingDevice& device, Matrix& gate, const Matrix& up, Matrix& dy) {
  device.for_pieces(up.count(), piece, [&](size_t begin, size_t end) {
    float s[piece], *g = gate.values.data(), *d = dy.values.data();
    const float* u = up.values.data();
    sigmoid(device, g + begin, end - begin, s);
    for (size_t i = begin; i < end; ++i) {
      const float share = s[i - begin], silu = g[i] * share;
      g[i] = d[i] * u[i] * (share + silu * (1 - share));
      d[i] *= silu;
    }
  });
}

}  // namespace

void Mlp::forward(const TrainingDevice& device, const Matrix& x, Kept& kept, Matrix& y) const {
  up_.forward(device, x, kept.up);
  if (gated_) {
    gate_.forward(device, x, kept.gate);
    swiglu(device, kept.gate, kept.up, kept.hidden);
  } else {
    squared_relu(device, kept.up, kept.hidden);
  }
  down_.forward(device, kept.hidden, y);
}

void Mlp::backward(const TrainingDevice& device, const Matrix& x, Kept& kept, const Matrix& dy,
                   Matrix& dx) const {
  down_.backward(device, kept.hidden, dy, kept.hidden);
  Matrix& dhidden = kept.hidden;
  if (gated_) {
    swiglu_backward(device, kept.gate, kept.up, dhidden);
    up_.backward(device, x, dhidden, dx);
    gate_.add_backward(device, x, kept.gate, dx);
  } else {
    squared_relu_backward(device, kept.up, dhidden);
    up_.backward(device, x, dhidden, dx);
  }
}

}  // namespace yent::training
