// GemvBlocks of gemv_q8.h with the instructions of simd_dot.h: inputs are digits (Q8Inputs).
#pragma once

#include "kernels/cpu/gemv/gemv_blocks_kernel.h"
#include "kernels/cpu/simd/simd_dot.h"

namespace yent {
namespace {

template <BlockFormat F>
void dot_block_panels(float* y, const unsigned char* panels, size_t count, int k, const void* x) {
  constexpr int groups = 32 / F.group;
  const Q8Inputs* inputs = static_cast<const Q8Inputs*>(x);
  for (size_t p = 0; p < count; ++p, panels += block_panel_bytes(F, W, k), y += W) {
    V total = zero();
    const auto multiply = [&](const Run<F>& run, const unsigned char* scales, int group, int at) {
      const Q8Inputs& in = inputs[at];
      Quads sums[groups][3];
      for (auto& of_group : sums) {
        for (Quads& digit : of_group) digit = all_quads(0);
      }
#pragma GCC unroll 8
      for (int j = 0; j < 8; ++j) {
        const Quads four = run.four(j);
#pragma GCC unroll 3
        for (int d = 0; d < 3; ++d) {
          Quads& of_digit = sums[j * groups / 8][d];
          of_digit = dot(of_digit, four, one_quad(&in.digits[d][4 * j]));
        }
      }
      for (int i = 0; i < groups; ++i) {
        const GroupScales<F> s(scales, group + i);
        constexpr float radix = q8_radix;
        const V low = fma(quads_to_float(sums[i][1]), set1(radix), quads_to_float(sums[i][0]));
        const V part = fma(quads_to_float(sums[i][2]), set1(radix * radix), low);
        const float offset = groups == 2 ? in.sums[i] : in.sums[0] + in.sums[1];
        total = fma(s.offset, set1(-offset), total);
        total = fma(mul(s.scale, set1(in.scale)), part, total);
      }
    };
    each_run<F>(panels, k, 0, k / F.elements, multiply);
    store(y, total);
  }
}

}  // namespace
}  // namespace yent
