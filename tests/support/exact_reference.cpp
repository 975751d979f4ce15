#include "tests/support/exact_reference.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace yent::test::exact {
namespace {

constexpr float log2_e = 1.44269504f;
constexpr size_t key_block = 168;

template <size_t N>
float polynomial(float x, const float (&highest_first)[N]) {
  float y = highest_first[0];
  for (size_t i = 1; i < N; ++i) y = std::fma(y, x, highest_first[i]);
  return y;
}

float times_two_to(float v, float n) { return n < -126 ? 0 : std::ldexp(v, static_cast<int>(n)); }

// Good to 1e-4.
float exp2_short(float x) {
  const float at_least = std::max(x, -126.0f), whole = std::floor(at_least);
  constexpr float c[] = {7.80245215e-2f, 2.26067156e-1f, 6.95833504e-1f, 9.99925196e-1f};
  return std::ldexp(polynomial(at_least - whole, c), static_cast<int>(whole));
}

float gelu(float x) {
  const float size = std::fabs(x), z = size * 0.707106781f, t = 1 / std::fma(z, 0.4f, 1.0f);
  constexpr float c[] = {4.12532536e-2f, -1.40320388e-1f, 8.39898828e-2f,
                         8.79611436e-2f, 7.97588399e-2f,  1.93392155e-1f,
                         2.01887871e-1f, 2.26443071e-1f,  2.25634234e-1f};
  return std::fma(size * -0.5f, exp(-z * z) * t * polynomial(t, c), std::max(x, 0.0f));
}

float absmax(const Floats& numbers) {
  float top = 0;
  for (const float x : numbers) top = std::max(top, std::fabs(x));
  return top;
}

// Sixteen sums, added in one order. `add` adds a number to its sum.
template <class Add>
float sum_in_order(const Floats& x, const Add& add) {
  std::array<float, 16> lanes = {};
  for (size_t c = 0; c < x.size(); ++c) lanes[c % 16] = add(x[c], lanes[c % 16]);
  for (int half = 8; half > 0; half /= 2) {
    for (int i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

// A query, a key or a channel of attention.
struct Row {
  std::vector<int> values;
  float scale;

  Row(const Floats& numbers, float factor)
      : scale(std::max(absmax(numbers) * std::fabs(factor), 1e-30f) * (1 / 127.0f)) {
    for (const float x : numbers) {
      values.push_back(static_cast<int>(std::nearbyint(x * (factor / scale))));
    }
  }
};

int dot(const std::vector<int>& a, const std::vector<int>& b) {
  int sum = 0;
  for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// One step of keys in int8: their scores, the weights made of them, and the sums of values.
struct Step {
  float top = -3e38f;
  Floats scores = {};
  std::vector<int> weights = {};

  Step(const Row& query, const std::vector<Floats>& keys, size_t first, size_t end) {
    for (size_t j = first; j < end; ++j) {
      const Row key(keys[j], 1);
      scores.push_back(static_cast<float>(dot(key.values, query.values)) * key.scale);
      top = std::max(top, scores.back());
    }
    for (const float s : scores) {
      const float e = exp2_short(std::fma(s - top, query.scale, 7.99435344f));
      weights.push_back(static_cast<int>(std::min(std::nearbyint(e), 255.0f)));
    }
  }

  float sum_of(const std::vector<Floats>& values, size_t first, size_t channel) const {
    Floats column;
    for (size_t j = 0; j < weights.size(); ++j) column.push_back(values[first + j][channel]);
    const float scale = std::max(absmax(column), 1e-30f) * (1 / 127.0f), factor = 1 / scale;
    int sum = 0;
    for (size_t j = 0; j < weights.size(); ++j) {
      sum += weights[j] * static_cast<int>(std::nearbyint(column[j] * factor));
    }
    return static_cast<float>(sum) * scale;
  }
};

}  // namespace

float exp2(float x) {
  const float at_least = std::max(x, -127.0f), whole = std::nearbyint(at_least);
  constexpr float c[] = {1.53458078e-4f,
                         1.33999316e-3f,
                         9.61848898e-3f,
                         5.55032878e-2f,
                         2.40226469e-1f,
                         6.93147206e-1f,
                         1.0f};
  return times_two_to(polynomial(at_least - whole, c), whole);
}

float exp(float x) {
  const float within = std::clamp(x, -88.0f, 88.0f), whole = std::nearbyint(within * log2_e);
  float rest = std::fma(whole, -0.693145751953125f, within);
  rest = std::fma(whole, -1.42860677e-6f, rest);
  constexpr float c[] = {
      1.38368331e-3f, 8.37482231e-3f, 4.16682261e-2f, 1.66664201e-1f, 4.99999921e-1f, 1.0f, 1.0f};
  return times_two_to(polynomial(rest, c), whole);
}

float apply(Fn fn, float x) {
  switch (fn) {
    case Fn::silu:
      return x * (1 / (1 + exp(0 - x)));
    case Fn::gelu:
      return gelu(x);
    case Fn::quick_gelu:
      return x * (1 / (1 + exp(0 - x * 1.702f)));
    case Fn::relu_squared:
      return x < 0 ? 0 : x * x;
    case Fn::none:
      break;
  }
  return x;
}

Quantized::Quantized(const Floats& numbers) {
  const float top = absmax(numbers);
  scale = top < 1e-35f ? 1 : top / 127;
  const float inverse = 1 / scale;
  for (const float x : numbers) {
    values.push_back(static_cast<int>(std::nearbyint(std::clamp(x * inverse, -127.0f, 127.0f))));
  }
}

float product(const Floats& x, const Floats& w, float bias) {
  float sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum = std::fma(x[i], w[i], sum);
  return sum + bias;
}

float product(const Quantized& x, const Quantized& w, float bias) {
  return static_cast<float>(dot(x.values, w.values)) * (w.scale * x.scale) + bias;
}

Floats layer_norm(const Floats& x, const Floats& weight, const Floats& bias, float eps) {
  const auto n = static_cast<float>(x.size());
  const float mean = sum_in_order(x, [](float v, float sum) { return sum + v; }) / n;
  const float squares =
      sum_in_order(x, [&](float v, float sum) { return std::fma(v - mean, v - mean, sum); });
  const float scale = 1 / std::sqrt(squares / n + eps);
  Floats y;
  for (size_t c = 0; c < x.size(); ++c) y.push_back((x[c] - mean) * scale * weight[c] + bias[c]);
  return y;
}

Floats rms_norm(const Floats& x, const Floats& weight, float eps) {
  const float squares = sum_in_order(x, [](float v, float sum) { return std::fma(v, v, sum); });
  const float scale = 1 / std::sqrt(squares / static_cast<float>(x.size()) + eps);
  Floats y;
  for (size_t c = 0; c < x.size(); ++c) y.push_back(x[c] * scale * weight[c]);
  return y;
}

Floats attention(const Floats& query, const std::vector<Floats>& keys,
                 const std::vector<Floats>& values, float scale) {
  const size_t width = query.size();
  float top = -1e30f, total = 0;
  Floats out(width, 0.0f);
  for (size_t first = 0; first < keys.size(); first += key_block) {
    const size_t end = std::min(keys.size(), first + key_block);
    Floats scores;
    const float before = top;
    for (size_t j = first; j < end; ++j) {
      float s = 0;
      for (size_t c = 0; c < width; ++c) {
        s = std::fma(keys[j][c], query[c] * (scale * log2_e), s);
      }
      scores.push_back(s);
      top = std::max(top, s);
    }
    const float factor = exp2(before - top);
    total *= factor;
    for (float& s : scores) total += s = exp2(s - top);
    for (size_t c = 0; c < width; ++c) {
      out[c] *= factor;
      for (size_t j = first; j < end; ++j) {
        out[c] = std::fma(values[j][c], scores[j - first], out[c]);
      }
    }
  }
  for (float& x : out) x *= 1 / total;
  return out;
}

Floats attention_i8(const Floats& query, const std::vector<Floats>& keys,
                    const std::vector<Floats>& values, float scale) {
  const Row row(query, scale * log2_e);
  float top = -3e38f, total = 0;
  Floats out(query.size(), 0.0f);
  for (size_t first = 0; first < keys.size(); first += key_block) {
    const Step step(row, keys, first, std::min(keys.size(), first + key_block));
    const float here = step.top * row.scale, before = top;
    top = std::max(before, here);
    const float past = exp2(before - top), fresh = exp2(here - top);
    int weights = 0;
    for (const int w : step.weights) weights += w;
    total = std::fma(static_cast<float>(weights), fresh, total * past);
    for (size_t c = 0; c < out.size(); ++c) {
      out[c] = std::fma(step.sum_of(values, first, c), fresh, out[c] * past);
    }
  }
  for (float& x : out) x *= 1 / total;
  return out;
}

}  // namespace yent::test::exact
