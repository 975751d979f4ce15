// gemv_q8.h for AVX2, which multiplies pairs of 16-bit integers: inputs are integers of 16 bits, 32
// of them with one scale (PairInputs), and weights are bytes that count from 0, so that a mask and
// a shift make 16-bit values of them. Sums of a block are exact. A vector of weights becomes
// products in six instructions; as floats it would take twelve.
#pragma once

#include "kernels/cpu/gemv/gemv_q8_kernel.h"
#include "kernels/cpu/simd/simd_pairs.h"

namespace yent {
namespace {

constexpr Q8Panel pairs_panel{2 * W, 128};
constexpr float max_pair_input = 32767;

void pack_pair_inputs(void* inputs, const float* x, int k) {
  PairInputs* to = static_cast<PairInputs*>(inputs);
  for (int p = 0; p < k; p += block_values, ++to, x += block_values) {
    V absmaxes = zero(), finite = zero();
    for (int i = 0; i < block_values; i += W) {
      const V value = load(x + i);
      absmaxes = max(absmaxes, max(value, sub(zero(), value)));
      finite = add(finite, sub(value, value));
    }
    const float absmax = greatest(absmaxes);
    const float scale = absmax / max_pair_input + sum(finite);
    if (!(absmax > 1e-30f) || scale != scale) {  // too small to change a sum; NaN
      *to = {};
      to->scale = scale != scale ? scale : 0;
      to->sums[0] = to->sums[1] = to->scale;
      continue;
    }
    const V factor = set1(max_pair_input / absmax);
    float halves[2];
    for (int half = 0; half < 2; ++half) {
      const float* from = x + half * 16;
      const Shorts whole = round_to_pairs(mul(load(from), factor), mul(load(from + W), factor));
      store_vector(to->values + half * 16, whole);
      const Ints sums = dot_pairs(Ints{}, whole, Shorts{} + 1);
      halves[half] = sum(words_to_float(reinterpret_cast<Words>(sums)));
    }
    to->scale = scale;
    to->correction = -128 * static_cast<int>(halves[0] + halves[1]);
    for (int half = 0; half < 2; ++half) to->sums[half] = halves[half] * scale;
  }
}

// Adds to the sums of every lane the products of its four bytes with four inputs: the mask keeps
// bytes 0 and 2, the shift 1 and 3.
struct PairSums {
  Ints even = {}, odd = {};

  void add(Words bytes, const int16_t* inputs) {
    const auto v = reinterpret_cast<Shorts>(bytes);
    even = dot_pairs(even, v & 0xff, one_pair(inputs));
    odd = dot_pairs(odd, v >> 8, one_pair(inputs + 2));
  }
  V total() const { return words_to_float(reinterpret_cast<Words>(even + odd)); }
};

void multiply_q8_pairs(float* y, const unsigned char* panels, size_t count, int k,
                       const void* inputs) {
  const size_t values_at = pairs_panel.values_at(k), bytes = pairs_panel.bytes(k);
  const int blocks = k / block_values;
  for (size_t panel = 0; panel < count; ++panel, panels += bytes, y += 2 * W) {
    const uint16_t* scales = reinterpret_cast<const uint16_t*>(panels);
    const unsigned char* at = panels + values_at;
    const PairInputs* x = static_cast<const PairInputs*>(inputs);
    V total[2] = {zero(), zero()};
    for (int b = 0; b < blocks; ++b, ++x, scales += 2 * W) {
      PairSums sums[2];
      for (PairSums& s : sums) s.even += static_cast<uint32_t>(x->correction);
#pragma GCC unroll 8
      for (int i = 0; i < block_values; i += 4, at += 8 * W) {
        __builtin_prefetch(at + prefetched);
        for (int half = 0; half < 2; ++half) {
          sums[half].add(load_words(at + half * 4 * W), x->values + i);
        }
      }
      for (int half = 0; half < 2; ++half) {
        const V scale = mul(load_f16(scales + half * W), set1(x->scale));
        total[half] = fma(scale, sums[half].total(), total[half]);
      }
    }
    for (int half = 0; half < 2; ++half) store(y + half * W, total[half]);
  }
}

void expand_q8_pairs(float* to, size_t to_step, const unsigned char* panel, int k, int first,
                     int count) {
  const uint16_t* scales = reinterpret_cast<const uint16_t*>(panel) + first * 2 * W;
  const unsigned char* at = panel + pairs_panel.values_at(k);
  at += static_cast<size_t>(first) * block_values * 2 * W;
  for (int b = 0; b < count; ++b, scales += 2 * W) {
    for (int i = 0; i < block_values; i += 4, at += 8 * W, to += 4 * to_step) {
      for (int half = 0; half < 2; ++half) {
        const V scale = mul(load_f16(scales + half * W), set1(top_byte_unit));
        const auto raised = reinterpret_cast<Ints>(load_words(at + half * 4 * W));
        const Words words = reinterpret_cast<Words>(raised ^ 0x80808080);
        each_byte([&]<int I>() {
          store(to + I * to_step + half * W, mul(words_to_float(top_byte<I>(words)), scale));
        });
      }
    }
  }
}

template <BlockFormat F>
void multiply_block_pairs(float* y, const unsigned char* panels, size_t count, int k,
                          const void* x) {
  constexpr int groups = 32 / F.group;
  const PairInputs* inputs = static_cast<const PairInputs*>(x);
  for (size_t p = 0; p < count; ++p, panels += block_panel_bytes(F, W, k), y += W) {
    V total = zero();
    const auto multiply = [&](const Run<F>& run, const unsigned char* scales, int group, int at) {
      const PairInputs& in = inputs[at];
      PairSums sums[groups];
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) sums[j * groups / 8].add(run.four(j), in.values + 4 * j);
      for (int i = 0; i < groups; ++i) {
        const GroupScales<F> s(scales, group + i);
        const float offset = groups == 2 ? in.sums[i] : in.sums[0] + in.sums[1];
        total = fma(s.offset, set1(-offset), total);
        total = fma(mul(s.scale, set1(in.scale)), sums[i].total(), total);
      }
    };
    each_run<F>(panels, k, 0, k / F.elements, multiply);
    store(y, total);
  }
}

constexpr GemvQ8 gemv_q8_pairs(const char* name, Isa isa) {
  GemvQ8 g = gemv_q8(name, isa);
  g.panel = pairs_panel;
  g.multiply_panels = multiply_q8_pairs;
  g.expand_panel = expand_q8_pairs;
  g.pack_input = pack_pair_inputs;
  g.packed_input_bytes = sizeof(PairInputs);
  g.blocks[0].multiply = multiply_block_pairs<q4_0_format>;
  g.blocks[1].multiply = multiply_block_pairs<q5_0_format>;
  g.blocks[2].multiply = multiply_block_pairs<q4_k_format>;
  g.blocks[3].multiply = multiply_block_pairs<q5_k_format>;
  g.blocks[4].multiply = multiply_block_pairs<q6_k_format>;
  return g;
}

}  // namespace
}  // namespace yent
