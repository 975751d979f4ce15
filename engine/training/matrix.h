// The values that a training step works on: f32 matrices and the parameters of a network.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "kernels/training_device.h"

namespace yent::training {

// Dense rows. Memory that has grown is kept: the next step has matrices of the same sizes.
struct Matrix {
  size_t rows = 0, columns = 0;
  std::vector<float> values = {};

  // The contents are undefined afterwards.
  void resize(size_t new_rows, size_t new_columns) {
    rows = new_rows;
    columns = new_columns;
    if (values.size() < rows * columns) values.resize(rows * columns);
  }
  void clear() { std::fill_n(values.begin(), count(), 0.0f); }
  size_t count() const { return rows * columns; }
  float* row(size_t r) { return values.data() + r * columns; }
  const float* row(size_t r) const { return values.data() + r * columns; }
  MatrixView view(bool transposed = false) const { return {values.data(), columns, transposed}; }
};

// What a weight is for, on which its first values and its decay depend. `outward` matrices write
// into the residual stream or make the logits.
enum class Role : uint8_t { table, gain, inward, outward };

// A weight that is trained. `value` is what a checkpoint has under `name`.
struct Parameter {
  std::string name;
  std::vector<int64_t> dims;  // of a matrix: out, in; of a table: rows, width
  Role role;
  std::vector<float> value = {}, gradient = {};

  Parameter(std::string its_name, std::vector<int64_t> its_dims, Role its_role)
      : name(std::move(its_name)), dims(std::move(its_dims)), role(its_role) {
    size_t count = 1;
    for (const int64_t d : dims) count *= static_cast<size_t>(d);
    value.resize(count);
    gradient.resize(count);
  }
};

// Rows in a piece of work: enough to outweigh the start of a task.
constexpr size_t piece_rows = 64;

// a += b
inline void add_to(const TrainingDevice& device, Matrix& a, const Matrix& b) {
  device.for_pieces(a.count(), piece_rows * 256, [&](size_t begin, size_t end) {
    float* to = a.values.data();
    const float* from = b.values.data();
    for (size_t i = begin; i < end; ++i) to[i] += from[i];
  });
}

// The sum of a[i] * b[i], in eight sums that a compiler can keep in vectors.
inline float dot(const float* a, const float* b, size_t count) {
  float sums[8] = {};
  size_t i = 0;
  for (; i + 8 <= count; i += 8) {
    for (size_t j = 0; j < 8; ++j) sums[j] += a[i + j] * b[i + j];
  }
  for (; i < count; ++i) sums[0] += a[i] * b[i];
  for (size_t width = 4; width > 0; width /= 2) {
    for (size_t j = 0; j < width; ++j) sums[j] += sums[j + width];
  }
  return sums[0];
}

}  // namespace yent::training
