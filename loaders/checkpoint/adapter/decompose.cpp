#include "loaders/checkpoint/adapter/decompose.h"

#include <cmath>
#include <utility>

#include "kernels/error.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

// PEFT's magnitudes belong to rows, though a convolution's are stored as [1, out, 1, 1]. LyCORIS's
// shape says which they are: [out, 1...] or [1, in, 1...].
bool of_columns(const HostTensor& magnitude, int64_t rows) {
  return magnitude.dims.size() > 1 && magnitude.dims[0] == 1 && rows != 1;
}

const HostTensor& magnitude_of(const AdapterParts& parts) {
  const HostTensor* peft = parts.find("magnitude");
  return peft ? *peft : parts.get("dora_scale");
}

// A row of zeros has no direction: it stays zero.
float ratio(float magnitude, double squares) {
  return squares > 0 ? static_cast<float>(magnitude / std::sqrt(squares)) : 0.0f;
}

double squares_of(const float* values, int64_t count) {
  double sum = 0;
  for (int64_t j = 0; j < count; ++j) sum += double{values[j]} * values[j];
  return sum;
}

// Changes `change` to base + factor * change.
void add_base(const float* base, float factor, int64_t count, float* change) {
  for (int64_t j = 0; j < count; ++j) change[j] = base[j] + factor * change[j];
}

// magnitude / length for each input, whose kernel is a run of columns.
std::vector<float> column_ratios(const RowChange& change, float factor,
                                 const std::vector<float>& magnitudes, BaseWeight w) {
  const auto inputs = static_cast<int64_t>(magnitudes.size());
  const int64_t kernel = w.columns / inputs;
  std::vector<double> squares(magnitudes.size());
  std::vector<float> row(static_cast<size_t>(w.columns)), ratios;
  for (int64_t i = 0; i < w.rows; ++i) {
    const float* base = w.data + i * w.columns;
    change(i, base, row.data());
    add_base(base, factor, w.columns, row.data());
    for (int64_t in = 0; in < inputs; ++in) {
      squares[static_cast<size_t>(in)] += squares_of(row.data() + in * kernel, kernel);
    }
  }
  for (size_t in = 0; in < squares.size(); ++in)
    ratios.push_back(ratio(magnitudes[in], squares[in]));
  return ratios;
}

}  // namespace

bool has_magnitude(const AdapterParts& parts) {
  return parts.find("magnitude") || parts.find("dora_scale");
}

void check_magnitude(const AdapterParts& parts, std::span<const int64_t> dims) {
  const HostTensor& magnitude = magnitude_of(parts);
  const bool columns = !parts.find("magnitude") && of_columns(magnitude, dims[0]);
  const int64_t expected = dims[columns ? 1 : 0];
  if (parts.find("magnitude") && parts.find("dora_scale")) {
    throw file_error("{}: {} stands beside another magnitude", parts.path(),
                     printable(parts.get("dora_scale").name));
  }
  if (magnitude.count() != expected) {
    throw file_error("{}: {} is {}, expected {} magnitudes", parts.path(),
                     printable(magnitude.name), dims_text(magnitude.dims), expected);
  }
}

RowChange decomposed(RowChange change, float factor, const AdapterParts& parts, BaseWeight w) {
  const HostTensor& magnitude = magnitude_of(parts);
  std::vector<float> values = floats_of(magnitude);
  const int64_t columns = w.columns;
  if (!parts.find("magnitude") && of_columns(magnitude, w.rows)) {
    const auto ratios = column_ratios(change, factor, values, w);
    const int64_t kernel = columns / static_cast<int64_t>(ratios.size());
    return [=](int64_t row, const float* base, float* out) {
      change(row, base, out);
      add_base(base, factor, columns, out);
      for (int64_t j = 0; j < columns; ++j) {
        out[j] = ratios[static_cast<size_t>(j / kernel)] * out[j] - base[j];
      }
    };
  }
  return [=](int64_t row, const float* base, float* out) {
    change(row, base, out);
    add_base(base, factor, columns, out);
    const float r = ratio(values[static_cast<size_t>(row)], squares_of(out, columns));
    for (int64_t j = 0; j < columns; ++j) out[j] = r * out[j] - base[j];
  };
}

}  // namespace yent
