// A linear whose input lies otherwise than its rows are multiplied: a thread converts a band of
// them into memory of its own and multiplies it while it lies in the second-level cache.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/gemm_driver.h"
#include "kernels/cpu/vec.h"

namespace yent {

// Whether there are bands for all threads, of rows that are multiplied in place.
bool suits_bands(const Cat& x, const LinearW& w, const Gemm& kernel, int threads);

void linear_bands(Arena& arena, int threads, const Vec& vec, Tensor out, const Cat& x,
                  Precision precision, const GemmWeight& weight, const Epilogue& e);

}  // namespace yent
