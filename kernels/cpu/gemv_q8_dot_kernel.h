// gemv_q8.h with instructions that add four products of codes to each sum, written once over a
// struct of the leaf's:
//
//   Sums              a register of W sums, or of W groups of four codes
//   load(p) set1(x)   the second from an int32 or four codes
//   dot(sums, codes, inputs)   codes higher by `offset`
//   to_float(sums)
//   code<I>(codes)    the I-th of every four, as a float
#pragma once

#include "kernels/cpu/gemv_q8_kernel.h"

namespace yent {
namespace {

constexpr float radix = q8_radix, most_input = 127 * radix * radix;

template <class Dot>
void stage_q8(Q8Inputs* to, const float* x, int k) {
  for (int p = 0; p < k; p += block_codes, ++to, x += block_codes) {
    V peaks = zero(), finite = zero();
    for (int i = 0; i < block_codes; i += W) {
      const V value = load(x + i);
      peaks = max(peaks, max(value, sub(zero(), value)));
      finite = add(finite, sub(value, value));
    }
    const float peak = greatest(peaks);
    to->scale = peak / most_input + sum(finite);
    if (!(peak > 1e-30f) || to->scale != to->scale) {  // nothing, as far as sums can tell; NaN
      const float scale = to->scale != to->scale ? to->scale : 0;
      *to = {};
      to->scale = scale;
      continue;
    }
    const V factor = set1(most_input / peak);
    V sums[3] = {zero(), zero(), zero()};
    for (int i = 0; i < block_codes; i += W) {
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
    for (int d = 0; d < 3; ++d) to->correction[d] = -Dot::offset * static_cast<int>(sum(sums[d]));
  }
}

template <class Dot>
void multiply_q8_panels(float* y, const unsigned char* panels, size_t count, int k,
                        const Q8Inputs* x) {
  constexpr Q8Panel layout{W, Dot::offset};
  const size_t codes_at = layout.codes_at(k), bytes = layout.bytes(k);
  const int blocks = k / block_codes;
  for (size_t panel = 0; panel < count; ++panel, panels += bytes, y += W) {
    const uint16_t* scales = reinterpret_cast<const uint16_t*>(panels);
    const unsigned char* at = panels + codes_at;
    V total = zero();
    for (int b = 0; b < blocks; ++b, scales += W) {
      typename Dot::Sums low = Dot::set1(&x[b].correction[0]);
      typename Dot::Sums middle = Dot::set1(&x[b].correction[1]);
      typename Dot::Sums high = Dot::set1(&x[b].correction[2]);
#pragma GCC unroll 8
      for (int i = 0; i < block_codes; i += 4, at += 4 * W) {
        if (i * W % 64 == 0) __builtin_prefetch(at + prefetched);
        const typename Dot::Sums group = Dot::load(at);
        low = Dot::dot(low, group, Dot::set1(&x[b].digits[0][i]));
        middle = Dot::dot(middle, group, Dot::set1(&x[b].digits[1][i]));
        high = Dot::dot(high, group, Dot::set1(&x[b].digits[2][i]));
      }
      const V lower = fma(Dot::to_float(middle), set1(radix), Dot::to_float(low));
      const V sum = fma(Dot::to_float(high), set1(radix * radix), lower);
      total = fma(mul(load_f16(scales), set1(x[b].scale)), sum, total);
    }
    store(y, total);
  }
}

template <class Dot>
void expand_q8_panel(float* to, size_t to_step, const unsigned char* panel, int k, int first,
                     int count) {
  constexpr Q8Panel layout{W, Dot::offset};
  const uint16_t* scales = reinterpret_cast<const uint16_t*>(panel) + first * W;
  const unsigned char* at = panel + layout.codes_at(k) + static_cast<size_t>(first) * 32 * W;
  for (int b = 0; b < count; ++b, scales += W) {
    const V scale = load_f16(scales);
    for (int i = 0; i < block_codes; i += 4, at += 4 * W, to += 4 * to_step) {
      const typename Dot::Sums group = Dot::load(at);
      store(to, mul(Dot::template code<0>(group), scale));
      store(to + to_step, mul(Dot::template code<1>(group), scale));
      store(to + 2 * to_step, mul(Dot::template code<2>(group), scale));
      store(to + 3 * to_step, mul(Dot::template code<3>(group), scale));
    }
  }
}

template <class Dot>
constexpr GemvQ8 gemv_q8_dot(const char* name, Isa isa) {
  GemvQ8 g = gemv_q8(name, isa);
  g.panel = {W, Dot::offset};
  g.stage = stage_q8<Dot>;
  g.multiply_panels = multiply_q8_panels<Dot>;
  g.expand_panel = expand_q8_panel<Dot>;
  return g;
}

}  // namespace
}  // namespace yent
