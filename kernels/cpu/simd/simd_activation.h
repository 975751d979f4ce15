// The activation functions on vectors, the ones of kernels/activation_fn.h. Polynomials by weighted
// least squares (Lawson's iteration), good to a few units in the last place of a float; the
// functions *_short are good to about 1e-4, for results that are stored as bf16 or int8.
#pragma once

#include "kernels/cpu/simd/simd_math.h"

namespace yent {
namespace {

inline V sigmoid(V x) { return div(set1(1), add(set1(1), exp(sub(zero(), x)))); }

// x Phi(x) = max(x, 0) - |x| erfc(|x| / sqrt 2) / 2, with erfc(z) = exp(-z^2) t P(t) and t = 1 / (1
// + 0.4 z): no cancellation on either side of zero.
inline V gelu(V x) {
  const V size = max(x, sub(zero(), x));
  const V z = mul(size, set1(0.707106781f));
  const V t = div(set1(1), fma(z, set1(0.4f), set1(1)));
  constexpr float c[] = {4.12532536e-2f, -1.40320388e-1f, 8.39898828e-2f,
                         8.79611436e-2f, 7.97588399e-2f,  1.93392155e-1f,
                         2.01887871e-1f, 2.26443071e-1f,  2.25634234e-1f};
  const V erfc = mul(mul(exp(mul(sub(zero(), z), z)), t), polynomial(t, c));
  return fma(mul(size, set1(-0.5f)), erfc, max(x, zero()));
}

// A NaN stays one: max() gives its second argument where the two do not compare.
inline V relu_squared(V x) {
  const V positive = max(zero(), x);
  return mul(positive, positive);
}

inline V apply(Fn fn, V x) {
  switch (fn) {
    case Fn::silu:
      return mul(x, sigmoid(x));
    case Fn::gelu:
      return gelu(x);
    case Fn::quick_gelu:
      return mul(x, sigmoid(mul(x, set1(1.702f))));
    case Fn::relu_squared:
      return relu_squared(x);
    case Fn::none:
      break;
  }
  return x;
}

inline V sigmoid_short(V x) {
  return reciprocal(add(set1(1), exp2_short(mul(x, set1(-1.44269504f)))));
}

// x Phi(x), Phi by an odd polynomial on [-4, 4] that ends at 0 and 1.
inline V gelu_short(V x) {
  const V z = min(max(x, set1(-4)), set1(4));
  constexpr float c[] = {-1.11197729e-9f, 9.26978956e-8f, -3.37468555e-6f, 7.12637702e-5f,
                         -9.81417135e-4f, 9.41176619e-3f, -6.57216609e-2f, 3.98572743e-1f};
  return mul(x, fma(z, polynomial(mul(z, z), c), set1(0.5f)));
}

inline V apply_short(Fn fn, V x) {
  switch (fn) {
    case Fn::silu:
      return mul(x, sigmoid_short(x));
    case Fn::gelu:
      return gelu_short(x);
    case Fn::quick_gelu:
      return mul(x, sigmoid_short(mul(x, set1(1.702f))));
    case Fn::relu_squared:
      return relu_squared(x);
    case Fn::none:
      break;
  }
  return x;
}

}  // namespace
}  // namespace yent
