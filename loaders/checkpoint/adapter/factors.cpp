#include "loaders/checkpoint/adapter/factors.h"

#include <algorithm>

#include "loaders/checkpoint/adapter/parts.h"

namespace yent {

FactorMatrix matrix_of(const HostTensor& tensor) {
  return {tensor.dims[0], tensor.count() / tensor.dims[0], floats_of(tensor)};
}

FactorMatrix transposed(const FactorMatrix& m) {
  FactorMatrix t{m.columns, m.rows, std::vector<float>(m.values.size())};
  for (int64_t i = 0; i < m.rows; ++i) {
    for (int64_t j = 0; j < m.columns; ++j) {
      t.values[static_cast<size_t>(j * m.rows + i)] = m.row(i)[j];
    }
  }
  return t;
}

// In the order of the rank; four at a time, so that `out` is read and written once for them.
void LowRankMatrix::row(int64_t i, float* out) const {
  std::fill(out, out + down.columns, 0.0f);
  int64_t r = 0;
  for (; r + 4 <= down.rows; r += 4) {
    const float* f = up.row(i) + r;
    const float *a = down.row(r), *b = down.row(r + 1), *c = down.row(r + 2), *d = down.row(r + 3);
    for (int64_t j = 0; j < down.columns; ++j) {
      out[j] = out[j] + f[0] * a[j] + f[1] * b[j] + f[2] * c[j] + f[3] * d[j];
    }
  }
  for (; r < down.rows; ++r) {
    const float factor = up.row(i)[r];
    const float* a = down.row(r);
    for (int64_t j = 0; j < down.columns; ++j) out[j] += factor * a[j];
  }
}

FactorMatrix LowRankMatrix::dense() const {
  FactorMatrix m{up.rows, down.columns, {}};
  m.values.resize(static_cast<size_t>(m.rows * m.columns));
  for (int64_t i = 0; i < m.rows; ++i) row(i, m.values.data() + i * m.columns);
  return m;
}

FactorMatrix through_core(const HostTensor& core, const FactorMatrix& inputs) {
  const std::vector<float> values = floats_of(core);
  const int64_t p = core.dims[0], q = core.dims[1], kernel = core.count() / (p * q);
  FactorMatrix m{p, inputs.columns * kernel, {}};
  m.values.assign(static_cast<size_t>(p * m.columns), 0.0f);
  for (int64_t a = 0; a < p; ++a) {
    float* out = m.values.data() + a * m.columns;
    for (int64_t b = 0; b < q; ++b) {
      const float* taps = values.data() + (a * q + b) * kernel;
      for (int64_t i = 0; i < inputs.columns; ++i) {
        const float input = inputs.row(b)[i];
        for (int64_t k = 0; k < kernel; ++k) out[i * kernel + k] += taps[k] * input;
      }
    }
  }
  return m;
}

}  // namespace yent
