// Dense f32 matrices, row-major, and products of small factors that are formed row by row.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/tensor.h"

namespace yent {

struct FactorMatrix {
  int64_t rows = 0, columns = 0;
  std::vector<float> values;

  const float* row(int64_t i) const { return values.data() + i * columns; }
};

// The tensor as [dims[0], all others]; dims[0] must not be 0.
FactorMatrix matrix_of(const HostTensor& tensor);

FactorMatrix transposed(const FactorMatrix& m);

// up * down: [rows, rank] * [rank, columns].
struct LowRankMatrix {
  FactorMatrix up, down;

  // The sum over the rank, in f32.
  void row(int64_t i, float* out) const;
  FactorMatrix dense() const;
};

// The second factor of a Tucker form. For `core` [p, q, kernel...] and `inputs` [q, in] it is
// [p, in * kernel]: the sum over q of core[p, q, k] * inputs[q, i].
FactorMatrix through_core(const HostTensor& core, const FactorMatrix& inputs);

}  // namespace yent
