// The activation functions on the GPU, the ones of kernels/activation_fn.h, by the fast intrinsics.
#pragma once

#include "kernels/activation_fn.h"
#include "kernels/cuda/device.cuh"

namespace yent::cuda {

// `fn` is an Fn; x itself for Fn::none.
__device__ inline float apply(int fn, float x) {
  switch (static_cast<Fn>(fn)) {
    case Fn::silu:
      return __fdividef(x, 1 + __expf(-x));
    case Fn::gelu:
      return 0.5f * x * (1 + erff(x * 0.70710678118654752f));
    case Fn::quick_gelu:
      return __fdividef(x, 1 + __expf(-1.702f * x));
    case Fn::relu_squared:
      return x < 0 ? 0 : x * x;
    case Fn::none:
      break;
  }
  return x;
}

}  // namespace yent::cuda
