// exp and the activation functions on vectors. Polynomials by weighted least squares (Lawson's
// iteration), good to a few units in the last place of a float.
#pragma once

#include "kernels/cpu/simd/leaf.h"
#include "kernels/cpu/simd/simd.h"

namespace yent {
namespace {

template <int N>
inline V polynomial(V x, const float (&highest_first)[N]) {
  V y = set1(highest_first[0]);
  for (int i = 1; i < N; ++i) y = fma(y, x, set1(highest_first[i]));
  return y;
}

// 2^x; 0 below -127. x must be less than 128.
inline V exp2(V x) {
  const V at_least = max(x, set1(-127));
  const V whole = round_even(at_least);
  constexpr float c[] = {1.53458078e-4f,
                         1.33999316e-3f,
                         9.61848898e-3f,
                         5.55032878e-2f,
                         2.40226469e-1f,
                         6.93147206e-1f,
                         1.0f};
  return times_two_to(polynomial(sub(at_least, whole), c), whole);
}

// e^x, the argument reduced in two pieces of ln 2; saturates at about 1e38.
inline V exp(V x) {
  const V within = min(max(x, set1(-88)), set1(88));
  const V whole = round_even(mul(within, set1(1.44269504f)));
  V rest = fma(whole, set1(-0.693145751953125f), within);
  rest = fma(whole, set1(-1.42860677e-6f), rest);
  constexpr float c[] = {
      1.38368331e-3f, 8.37482231e-3f, 4.16682261e-2f, 1.66664201e-1f, 4.99999921e-1f, 1.0f, 1.0f};
  return times_two_to(polynomial(rest, c), whole);
}

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

inline V apply(Fn fn, V x) {
  switch (fn) {
    case Fn::silu:
      return mul(x, sigmoid(x));
    case Fn::gelu:
      return gelu(x);
    case Fn::quick_gelu:
      return mul(x, sigmoid(mul(x, set1(1.702f))));
    case Fn::none:
      break;
  }
  return x;
}

// The functions *_short are good to about 1e-4, for results that are stored as bf16 or int8.
// 2^x; nearly 0 for what is below -126, which would be subnormal and slow.
inline V exp2_short(V x) {
  const V at_least = max(x, set1(-126));
  constexpr float c[] = {7.80245215e-2f, 2.26067156e-1f, 6.95833504e-1f, 9.99925196e-1f};
  return times_two_to_floor(polynomial(fraction(at_least), c), at_least);
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
    case Fn::none:
      break;
  }
  return x;
}

}  // namespace
}  // namespace yent
