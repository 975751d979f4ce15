// gemv_q8.h for instruction sets without dot products of int8 values: q8_0 in panels of 2 W rows,
// in floats. A weight becomes a float by two instructions, from bytes as they lie in the file by
// three.
#pragma once

#include "kernels/cpu/gemv/gemv_q8_kernel.h"

namespace yent {
namespace {

constexpr Q8Panel float_panel{2 * W, 0};

void multiply_q8_float_panels(float* y, const unsigned char* panels, size_t count, int k,
                              const void* inputs) {
  const size_t values_at = float_panel.values_at(k), bytes = float_panel.bytes(k);
  const int blocks = k / block_values;
  for (size_t panel = 0; panel < count; ++panel, panels += bytes, y += 2 * W) {
    const uint16_t* scales = reinterpret_cast<const uint16_t*>(panels);
    const unsigned char* at = panels + values_at;
    const FloatInputs* x = static_cast<const FloatInputs*>(inputs);
    V total[2] = {zero(), zero()};
    for (int b = 0; b < blocks; ++b, ++x, scales += 2 * W) {
      V sums[2][4];  // eight sums, so that none waits for itself
#pragma GCC unroll 8
      for (int i = 0; i < block_values; i += 4, at += 8 * W) {
        __builtin_prefetch(at + prefetched);
        const Words words[2] = {load_words(at), load_words(at + 4 * W)};
        each_byte([&]<int I>() {
          const V input = set1(x->values[i + I]);
          for (int half = 0; half < 2; ++half) {
            const V value = words_to_float(top_byte<I>(words[half]));
            sums[half][I] = i == 0 ? mul(value, input) : fma(value, input, sums[half][I]);
          }
        });
      }
      for (int half = 0; half < 2; ++half) {
        const V* s = sums[half];
        const V scale = mul(load_f16(scales + half * W), set1(top_byte_unit));
        total[half] = fma(scale, add(add(s[0], s[1]), add(s[2], s[3])), total[half]);
      }
    }
    for (int half = 0; half < 2; ++half) store(y + half * W, total[half]);
  }
}

void expand_q8_float_panel(float* to, size_t to_step, const unsigned char* panel, int k, int first,
                           int count) {
  const uint16_t* scales = reinterpret_cast<const uint16_t*>(panel) + first * 2 * W;
  const unsigned char* at = panel + float_panel.values_at(k);
  at += static_cast<size_t>(first) * block_values * 2 * W;
  for (int b = 0; b < count; ++b, scales += 2 * W) {
    for (int i = 0; i < block_values; i += 4, at += 8 * W, to += 4 * to_step) {
      for (int half = 0; half < 2; ++half) {
        const V scale = mul(load_f16(scales + half * W), set1(top_byte_unit));
        const Words words = load_words(at + half * 4 * W);
        each_byte([&]<int I>() {
          store(to + I * to_step + half * W, mul(words_to_float(top_byte<I>(words)), scale));
        });
      }
    }
  }
}

constexpr GemvQ8 gemv_q8_panels(const char* name, Isa isa) {
  GemvQ8 g = gemv_q8(name, isa);
  g.panel = float_panel;
  g.multiply_panels = multiply_q8_float_panels;
  g.expand_panel = expand_q8_float_panel;
  return g;
}

}  // namespace
}  // namespace yent
