// Convolutions as implicit products: padding, stride and enlargement are addresses, and no
// unfolded picture is ever written.
#include "kernels/cuda/product.cuh"

namespace yent::cuda {

void launch_product(Queue& q, Kind kind, Cut cut, ConvArgs args) {
  launch_any_product(q, kind, cut, args);
}

}  // namespace yent::cuda
