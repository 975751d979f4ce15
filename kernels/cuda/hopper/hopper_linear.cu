#include "kernels/cuda/hopper/hopper_gemm.cuh"
#include "kernels/cuda/hopper/tensor_map.h"

namespace yent::cuda {

void launch_hopper_kernel(Queue& q, TileConfig config, const HopperLinearArgs& args) {
  launch_any_hopper(q, config, args);
}

bool has_hopper_code() {
  cudaFuncAttributes attributes = {};
  const auto kernel = hopper_kernel<LinearView, 1, 1, 64, 6>;
  const bool found =
      cudaFuncGetAttributes(&attributes, reinterpret_cast<const void*>(kernel)) == cudaSuccess;
  cudaGetLastError();
  return found && has_tensor_maps();
}

}  // namespace yent::cuda
