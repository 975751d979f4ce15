// Linears, whose A is one matrix or two side by side.
#include "kernels/cuda/gemm/gemm.cuh"

namespace yent::cuda {
void launch_gemm(Queue& q, Format format, TileConfig config, LinearArgs args) {
  launch_any_gemm(q, format, config, args);
}

}  // namespace yent::cuda
