#include "kernels/cuda/hopper/hopper_gemm.cuh"

namespace yent::cuda {

void launch_hopper_kernel(Queue& q, TileConfig config, const HopperConvArgs& args) {
  launch_any_hopper(q, config, args);
}

}  // namespace yent::cuda
