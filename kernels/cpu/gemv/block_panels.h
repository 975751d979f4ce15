// Weights in the formats of block_format.h as the gemv rows read them: the blocks of the file, with
// its rows as the lanes of vectors.
#pragma once

#include <functional>
#include <memory>

#include "kernels/backend.h"
#include "kernels/cpu/gemm/gemm.h"
#include "kernels/cpu/gemv/gemv_weight.h"

namespace yent {

// Whether all parts are in such formats. Parts of different formats must be multiples of the lanes
// long.
bool suits_block_panels(const GemvQ8& kernel, const LinearSource& source);

// GemmWeight::expand_granule of such a weight: the longest block of its parts.
int block_granule(const LinearSource& source);

// The address of an output column's row in the file; null behind the last column.
using BlockRow = std::function<const std::byte*(int column)>;

// `gemm` is the kernel that expand() works for.
std::shared_ptr<const GemvWeight> make_block_panels(const GemvQ8& kernel, const Gemm& gemm,
                                                    int threads, const LinearSource& source,
                                                    const BlockRow& row_of);

}  // namespace yent
