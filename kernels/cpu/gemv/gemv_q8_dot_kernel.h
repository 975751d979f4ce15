// gemv_q8.h with the instructions of simd_dot.h; the weights are the unsigned side of each product.
#pragma once

#include "kernels/cpu/gemv/gemv_blocks_dot_kernel.h"
#include "kernels/cpu/gemv/gemv_q8_kernel.h"

namespace yent {
namespace {

constexpr float radix = q8_radix, max_input = 127 * radix * radix;

void pack_q8_inputs(void* inputs, const float* x, int k) {
  Q8Inputs* to = static_cast<Q8Inputs*>(inputs);
  for (int p = 0; p < k; p += block_values, ++to, x += block_values) {
    V absmaxes = zero(), finite = zero(), halves[2] = {zero(), zero()};
    for (int i = 0; i < block_values; i += W) {
      const V value = load(x + i);
      halves[i / 16] = add(halves[i / 16], value);
      absmaxes = max(absmaxes, max(value, sub(zero(), value)));
      finite = add(finite, sub(value, value));
    }
    const float absmax = greatest(absmaxes);
    to->scale = absmax / max_input + sum(finite);
    if (!(absmax > 1e-30f) || to->scale != to->scale) {  // too small to change a sum; NaN
      const float scale = to->scale != to->scale ? to->scale : 0;
      *to = {};
      to->scale = scale;
      continue;
    }
    for (int half = 0; half < 2; ++half) to->sums[half] = sum(halves[half]);
    const V factor = set1(max_input / absmax);
    V sums[3] = {zero(), zero(), zero()};
    for (int i = 0; i < block_values; i += W) {
      const V value = mul(load(x + i), factor);
      const V high = round_even(mul(value, set1(1 / (radix * radix))));
      const V rest = fma(high, set1(-radix * radix), value);
      const V middle = round_even(mul(rest, set1(1 / radix)));
      const V low = round_even(fma(middle, set1(-radix), rest));
      store_i8(to->digits[0] + i, low);
      store_i8(to->digits[1] + i, middle);
      store_i8(to->digits[2] + i, high);
      sums[0] = add(sums[0], low), sums[1] = add(sums[1], middle), sums[2] = add(sums[2], high);
    }
    for (int d = 0; d < 3; ++d) to->correction[d] = -dot_offset * static_cast<int>(sum(sums[d]));
  }
}

void multiply_q8_panels(float* y, const unsigned char* panels, size_t count, int k,
                        const void* inputs) {
  const Q8Inputs* x = static_cast<const Q8Inputs*>(inputs);
  constexpr Q8Panel layout{W, dot_offset};
  const size_t values_at = layout.values_at(k), bytes = layout.bytes(k);
  const int blocks = k / block_values;
  for (size_t panel = 0; panel < count; ++panel, panels += bytes, y += W) {
    const uint16_t* scales = reinterpret_cast<const uint16_t*>(panels);
    const unsigned char* at = panels + values_at;
    V total = zero();
    for (int b = 0; b < blocks; ++b, scales += W) {
      Quads low = one_quad(&x[b].correction[0]);
      Quads middle = one_quad(&x[b].correction[1]);
      Quads high = one_quad(&x[b].correction[2]);
#pragma GCC unroll 8
      for (int i = 0; i < block_values; i += 4, at += 4 * W) {
        if (i * W % 64 == 0) __builtin_prefetch(at + prefetched);
        const Quads group = load_quads(at);
        low = dot(low, group, one_quad(&x[b].digits[0][i]));
        middle = dot(middle, group, one_quad(&x[b].digits[1][i]));
        high = dot(high, group, one_quad(&x[b].digits[2][i]));
      }
      const V lower = fma(quads_to_float(middle), set1(radix), quads_to_float(low));
      const V sum = fma(quads_to_float(high), set1(radix * radix), lower);
      total = fma(mul(load_f16(scales), set1(x[b].scale)), sum, total);
    }
    store(y, total);
  }
}

void expand_q8_panel(float* to, size_t to_step, const unsigned char* panel, int k, int first,
                     int count) {
  constexpr Q8Panel layout{W, dot_offset};
  const uint16_t* scales = reinterpret_cast<const uint16_t*>(panel) + first * W;
  const unsigned char* at = panel + layout.values_at(k) + static_cast<size_t>(first) * 32 * W;
  for (int b = 0; b < count; ++b, scales += W) {
    const V scale = load_f16(scales);
    for (int i = 0; i < block_values; i += 4, at += 4 * W, to += 4 * to_step) {
      const Quads group = raise(load_quads(at));
      store(to, mul(value_of<0>(group), scale));
      store(to + to_step, mul(value_of<1>(group), scale));
      store(to + 2 * to_step, mul(value_of<2>(group), scale));
      store(to + 3 * to_step, mul(value_of<3>(group), scale));
    }
  }
}

constexpr GemvQ8 gemv_q8_dot(const char* name, Isa isa) {
  GemvQ8 g = gemv_q8(name, isa);
  g.panel = {W, dot_offset};
  g.multiply_panels = multiply_q8_panels;
  g.expand_panel = expand_q8_panel;
  g.pack_input = pack_q8_inputs;
  g.packed_input_bytes = sizeof(Q8Inputs);
  g.blocks[0].multiply = dot_block_panels<q4_0_format>;
  g.blocks[1].multiply = dot_block_panels<q5_0_format>;
  g.blocks[2].multiply = dot_block_panels<q4_k_format>;
  g.blocks[3].multiply = dot_block_panels<q5_k_format>;
  g.blocks[4].multiply = dot_block_panels<q6_k_format>;
  return g;
}

}  // namespace
}  // namespace yent
