// Convolutions as implicit GEMMs: padding, stride and upsampling only change addresses, and no
// im2col matrix is ever written.
#include "kernels/cuda/gemm/gemm.cuh"

namespace yent::cuda {

void launch_gemm(Queue& q, Format format, TileConfig config, ConvArgs args) {
  launch_any_gemm(q, format, config, args);
}

}  // namespace yent::cuda
