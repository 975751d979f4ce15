// The operations of a whole warp, once all its lanes have given their operands.
#pragma once

#include <array>

#include "tests/support/cuda_emulator/device.h"

namespace yent::cuda::emulator {

const char* name_of(WarpOp op);
int matrices_of(WarpOp op);  // of ldmatrix; else 0
// `shared` is the block's dynamic shared memory, of `bytes` bytes.
void perform(WarpOp op, const std::array<Operands, 32>& lanes, std::byte* shared, size_t bytes);

}  // namespace yent::cuda::emulator
