// q8_0 weights: in panels whose rows are the lanes of a vector, or in place in the file.
#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/gemv/gemv_weight.h"

namespace yent {

// All parts are q8_0 and their width is a multiple of 32. Panels, if the kernel has them; else the
// source's bytes must outlive the result. `gemm` is the kernel that expand() works for.
std::shared_ptr<const GemvWeight> make_q8_weight(const GemvQ8& kernel, const Gemm& gemm,
                                                 int threads, const LinearSource& source);

}  // namespace yent
