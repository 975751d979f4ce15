// DoRA: the weight with its change keeps its direction, row by row, and gets a trained length:
//   W' = magnitude / |W + change| * (W + change).
// The lengths are of rows (one magnitude for each output; all of PEFT's, and LyCORIS's today) or of
// columns (one for each input, over all outputs and the kernel; older files of LyCORIS).
#pragma once

#include <cstdint>
#include <span>

#include "loaders/checkpoint/adapter/kinds.h"

namespace yent {

bool has_magnitude(const AdapterParts& parts);

// Throws a file error where the magnitudes fit neither the rows nor the columns of a weight.
void check_magnitude(const AdapterParts& parts, std::span<const int64_t> dims);

struct BaseWeight {
  const float* data;
  int64_t rows, columns;
};

// W' - W, where W + factor * change has the given magnitudes. Reads the base at once only.
RowChange decomposed(RowChange change, float factor, const AdapterParts& parts, BaseWeight base);

}  // namespace yent
