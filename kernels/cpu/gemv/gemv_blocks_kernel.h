// GemvBlocks of gemv_q8.h, written once over simd.h for every format.
#pragma once

#include "kernels/cpu/gemv/gemv_q8.h"
#include "kernels/cpu/simd/simd.h"

namespace yent {
namespace {

constexpr int prefetched = 4096;  // distance in bytes of values

// 32 values of every lane: four words hold eight times four of them.
template <BlockFormat F>
struct Run {
  Words low[4], high[F.bits - 4 + 1];  // one too many: an array may not be empty

  explicit Run(const unsigned char* at) {
#pragma GCC unroll 6
    for (int i = 0; i < F.bits; ++i) {
      const unsigned char* words = at + i * 4 * W;
      if (i * 4 * W % 64 == 0) __builtin_prefetch(words + prefetched);
      (i < 4 ? low[i] : high[i - 4]) = load_words(words);
    }
  }

  // Elements 4 j to 4 j + 3, a byte each.
  Words four(int j) const {
    const Words quantized = bits(low[j % 4], j / 4 * 4, 0x0f0f0f0f);
    if constexpr (F.bits == 5) return join(quantized, bits(high[0], j, 0x01010101), 4);
    if constexpr (F.bits == 6) {
      return join(quantized, bits(high[j / 4], j % 4 * 2, 0x03030303), 4);
    }
    return quantized;
  }
};

// A byte becomes a float fastest from the top of a word, 2^24 times as large.
constexpr float top_byte_unit = 0x1p-24f;

// Calls call.template operator()<I>() for the bytes I of a word.
template <class Call>
inline __attribute__((always_inline)) void each_byte(const Call& call) {
  call.template operator()<0>();
  call.template operator()<1>();
  call.template operator()<2>();
  call.template operator()<3>();
}

// A weight of a group is scale * value - offset.
template <BlockFormat F>
struct GroupScales {
  V scale, offset;

  V of_top_byte() const { return mul(scale, set1(top_byte_unit)); }

  GroupScales(const unsigned char* at, int group) {
    constexpr int steps = F.has_minimum ? 2 : 1;
    const auto small = [&](int i) {
      return load_i8(reinterpret_cast<const int8_t*>(at) + (2 * steps + i) * W);
    };
    const auto* halves = reinterpret_cast<const uint16_t*>(at);
    scale = load_f16(halves);
    if (F.scaled) scale = mul(scale, small(group));
    offset = F.has_minimum ? mul(load_f16(halves + W), small(F.elements / F.group + group))
                           : mul(scale, set1(center(F)));
  }
};

// Calls body(run, scales, group of the run in its block, index of the run) for blocks [first, first
// + count) of a panel.
template <BlockFormat F, class Body>
inline void each_run(const unsigned char* panel, int k, int first, int count, const Body& body) {
  const unsigned char* scales = panel + first * scales_bytes(F, W);
  const unsigned char* quantized = panel + block_values_at(F, W, k);
  quantized += static_cast<size_t>(first) * (F.elements / 32) * run_bytes(F, W);
  for (int block = 0, run = 0; block < count; ++block, scales += scales_bytes(F, W)) {
    for (int i = 0; i < F.elements / 32; ++i, ++run, quantized += run_bytes(F, W)) {
      body(Run<F>(quantized), scales, 32 / F.group * i, run);
    }
  }
}

struct FloatInputs {
  float values[32], sums[2];
};

void pack_float_inputs(void* to, const float* x, int k) {
  FloatInputs* run = static_cast<FloatInputs*>(to);
  for (; k > 0; k -= 32, ++run) {
    for (int half = 0; half < 2; ++half) {
      V total = zero();
      for (int i = 16 * half; i < 16 * half + 16; i += W, x += W) {
        store(run->values + i, load(x));
        total = add(total, load(x));
      }
      run->sums[half] = sum(total);
    }
  }
}

template <BlockFormat F>
void multiply_block_panels(float* y, const unsigned char* panels, size_t count, int k,
                           const void* x) {
  const FloatInputs* inputs = static_cast<const FloatInputs*>(x);
  for (size_t p = 0; p < count; ++p, panels += block_panel_bytes(F, W, k), y += W) {
    V total = zero();
    const auto multiply = [&](const Run<F>& run, const unsigned char* scales, int group, int at) {
      const FloatInputs& in = inputs[at];
      V part[2][4] = {};  // eight sums, so that none waits for itself
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) {
        const Words four = run.four(j);
        each_byte([&]<int I>() {
          const V value = words_to_float(top_byte<I>(four)), x = set1(in.values[4 * j + I]);
          part[j / 4][I] = j % 4 == 0 ? mul(value, x) : fma(value, x, part[j / 4][I]);
        });
      }
      V half[2];
      for (int i = 0; i < 2; ++i) {
        half[i] = add(add(part[i][0], part[i][1]), add(part[i][2], part[i][3]));
      }
      const GroupScales<F> s(scales, group);
      if constexpr (F.group == 16) {
        const GroupScales<F> other(scales, group + 1);
        total = fma(other.of_top_byte(), half[1], fma(other.offset, set1(-in.sums[1]), total));
        total = fma(s.of_top_byte(), half[0], fma(s.offset, set1(-in.sums[0]), total));
      } else {
        total = fma(s.offset, set1(-(in.sums[0] + in.sums[1])), total);
        total = fma(s.of_top_byte(), add(half[0], half[1]), total);
      }
    };
    each_run<F>(panels, k, 0, k / F.elements, multiply);
    store(y, total);
  }
}

template <BlockFormat F>
void expand_block_panel(float* to, size_t to_step, const unsigned char* panel, int k, int first,
                        int count) {
  each_run<F>(panel, k, first, count,
              [&](const Run<F>& run, const unsigned char* scales, int group, int) {
                for (int j = 0; j < 8; ++j) {
                  const GroupScales<F> s(scales, group + (F.group == 16 ? j / 4 : 0));
                  const Words four = run.four(j);
                  each_byte([&]<int I>() {
                    const V value = words_to_float(top_byte<I>(four));
                    store(to + I * to_step, sub(mul(value, s.of_top_byte()), s.offset));
                  });
                  to += 4 * to_step;
                }
              });
}

template <BlockFormat F>
constexpr GemvBlocks in_floats = {
    .format = F, .multiply = multiply_block_panels<F>, .expand = expand_block_panel<F>};

}  // namespace
}  // namespace yent
