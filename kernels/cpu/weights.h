// The packed weight of a linear: panels for the gemm row that will run it or, where the file's
// weights are quantized in blocks, a weight for the gemv row.
#pragma once

#include <memory>

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm_weight.h"
#include "kernels/cpu/gemv/gemv_weight.h"
#include "kernels/cpu/isa_table.h"

namespace yent {

struct CpuLinearWeight : Packed {
  GemmWeight gemm;
  std::shared_ptr<const GemvWeight> gemv = {};  // null: `gemm` has panels
};

// What CpuBackend::pack_linear has made.
inline const CpuLinearWeight& packed_linear(const LinearWeight& w) {
  return static_cast<const CpuLinearWeight&>(*w.packed);
}

const Gemm& gemm_for(const Kernels& kernels, Precision precision);

// Shapes have been checked by the caller.
std::shared_ptr<CpuLinearWeight> pack_linear_weight(const Kernels& kernels, int threads,
                                                    const LinearSource& source,
                                                    Precision precision);

}  // namespace yent
