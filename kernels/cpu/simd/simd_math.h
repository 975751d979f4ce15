// exp and exp2 on vectors. Polynomials by weighted least squares (Lawson's
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

// Good to about 1e-4, for results that are stored as bf16 or int8.
// 2^x; nearly 0 for what is below -126, which would be subnormal and slow.
inline V exp2_short(V x) {
  const V at_least = max(x, set1(-126));
  constexpr float c[] = {7.80245215e-2f, 2.26067156e-1f, 6.95833504e-1f, 9.99925196e-1f};
  return times_two_to_floor(polynomial(fraction(at_least), c), at_least);
}

}  // namespace
}  // namespace yent
