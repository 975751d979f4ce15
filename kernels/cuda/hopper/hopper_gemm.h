// Linears and convolutions in f16 by the instructions of Hopper: wgmma, which reads tiles in shared
// memory, filled by bulk tensor copies. Executed on a CPU emulation, not run on a GPU, so nothing
// chooses it by default.
#pragma once

#include <cuda.h>

#include "kernels/cuda/hopper/hopper_index.h"
#include "kernels/cuda/ops.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic error "-Wpadded"

namespace yent::cuda {

// The maps say where tiles of the weight and of A lie, in place of a, a2 and b. The weight's rows
// are the rows of wgmma and A's are its columns, whose count is more flexible.
template <class View>
struct alignas(128) HopperArgs {
  CUtensorMap weight, a, a2;
  GemmArgs<View> product;
  char unused[128 - sizeof(GemmArgs<View>) % 128] = {};
};
using HopperLinearArgs = HopperArgs<LinearView>;
using HopperConvArgs = HopperArgs<ConvView>;

void launch_hopper_kernel(Queue& q, TileConfig config, const HopperLinearArgs& args);
void launch_hopper_kernel(Queue& q, TileConfig config, const HopperConvArgs& args);

// The same for the arguments of the other kernels: makes the maps and sets the counts of tiles.
void launch_hopper_gemm(Queue& q, TileConfig config, LinearArgs args);
void launch_hopper_gemm(Queue& q, TileConfig config, ConvArgs args);

// Whether this build has code for the calling thread's device, and the driver makes tensor maps.
bool has_hopper_code();

}  // namespace yent::cuda

#pragma GCC diagnostic pop
