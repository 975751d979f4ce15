// The ceiling that speeds are compared with.
#pragma once

#include "kernels/cpu/rowwise/row_kernels.h"

namespace yent {

// f32 multiply-adds per second of one core with this row's instructions: the best of a few
// short runs, about 20 ms.
double measure_fma_peak(const RowKernels& row);

}  // namespace yent
