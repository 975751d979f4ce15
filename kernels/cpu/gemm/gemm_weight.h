// A weight matrix in the panels that a row of a gemm table multiplies.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/rowwise/row_kernels.h"

namespace yent {

struct GemmWeight {
  const Gemm* kernel = nullptr;
  int columns = 0, k = 0;  // k with every segment padded to a multiple of the kernel's kr
  const std::byte* panels = nullptr;       // all of k per panel; unused if `expand` is set
  std::shared_ptr<std::byte> memory = {};  // owns the panels
  std::vector<float> bias = {};            // padded to whole panels, as are the next two
  std::vector<float> column_scale = {};    // int8 only
  std::vector<int32_t> compensation = {};  // GemmTile::compensation, where the kernel needs it
  size_t bytes = 0;                        // of all of it
  // Where the weight is stored in another type: writes depth [k0, k0 + depth) of a panel as f32.
  // Both are multiples of `expand_granule`, except at the end of k. `room` is scratch as large as
  // the result.
  std::function<void(float* to, float* room, size_t panel, size_t k0, size_t depth)> expand = {};
  int expand_granule = 1;
};

// The type of the elements of A that a kernel reads.
constexpr DType input_type(const Gemm& g) {
  switch (g.input) {
    case Element::bf16:
      return DType::bf16;
    case Element::i8:
      return DType::i8;
    case Element::f32:
      break;
  }
  return DType::f32;
}

// A weight matrix given row by row, a row for each output column: `segments` of `segment_length`
// elements.
struct GemmSource {
  int columns = 0, segments = 1, segment_length = 0;
  std::function<void(size_t column, float* row)> read_row;
};

// Packs the source for `kernel`, which computes in this precision. Bias is left zero.
GemmWeight pack_gemm_weight(const Gemm& kernel, const RowKernels& row_kernels, int threads,
                            const GemmSource& source, Precision precision);

// A weight without panels, which `expand` makes of k elements for each of `columns`.
GemmWeight expanded_gemm_weight(const Gemm& kernel, int columns, int k, int granule);

// read_elements for many elements, with the vector kernels there are for the type.
void read_weight(const RowKernels& row_kernels, const HostTensor& t, size_t begin, size_t count,
                 float* to);

// The name a packed weight shows: "int8 avx512vnni".
std::string kernel_name(Precision precision, const Gemm& kernel);

}  // namespace yent
