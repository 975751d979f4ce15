// The arithmetic of exact backends (Backend::exact) in plain C++, one number after another: every
// product and sum of f32 in its order, fused where std::fma says so.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/activation_fn.h"

namespace yent::test::exact {

using Floats = std::vector<float>;

float exp2(float x);
float exp(float x);
float apply(Fn fn, float x);

// Numbers quantized by one scale, and the scale.
struct Quantized {
  std::vector<int> values;
  float scale;

  explicit Quantized(const Floats& numbers);
};

// What a product adds to its sums.
float product(const Floats& x, const Floats& w, float bias);
float product(const Quantized& x, const Quantized& w, float bias);

Floats layer_norm(const Floats& x, const Floats& weight, const Floats& bias, float eps);
Floats rms_norm(const Floats& x, const Floats& weight, float eps);

// One query of one head; keys and values are rows.
Floats attention(const Floats& query, const std::vector<Floats>& keys,
                 const std::vector<Floats>& values, float scale);
Floats attention_i8(const Floats& query, const std::vector<Floats>& keys,
                    const std::vector<Floats>& values, float scale);

}  // namespace yent::test::exact
