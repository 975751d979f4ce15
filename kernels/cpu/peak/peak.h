// The ceiling that measured speeds are compared with.
#pragma once

#include <span>

#include "kernels/cpu/peak/fma_loop.h"

namespace yent {

// As the tables of isa_table.h: the best row first.
std::span<const FmaLoop* const> fma_loop_table();

// f32 multiply-adds per second of one core with this row's instructions: the best of a few short
// runs, about 20 ms.
double measure_fma_peak(const FmaLoop& row);

}  // namespace yent
