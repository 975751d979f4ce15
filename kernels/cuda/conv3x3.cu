// Convolutions as implicit products: padding, stride and enlargement are addresses, and no
// unfolded picture is ever written.
#include "kernels/cuda/gemm.cuh"

namespace yent::cuda {

void launch_gemm(Queue& q, Kind kind, TileConfig cut, ConvArgs args) {
  launch_any_gemm(q, kind, cut, args);
}

}  // namespace yent::cuda
