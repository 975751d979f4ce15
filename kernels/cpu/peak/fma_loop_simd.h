// fma_loop.h, written once over simd.h.
#pragma once

#include "kernels/cpu/peak/fma_loop.h"
#include "kernels/cpu/simd/simd.h"

namespace yent {
namespace {

constexpr int chains = 12;  // enough to hide the latency, few enough for 16 registers

float run_fma_loop(int rounds, float x) {
  V total[chains];
  for (int i = 0; i < chains; ++i) total[i] = set1(static_cast<float>(i));
  const V factor = set1(x);
  for (int r = 0; r < rounds; ++r) {
#pragma GCC unroll 16
    for (int i = 0; i < chains; ++i) total[i] = fma(total[i], factor, factor);
  }
  for (int i = 1; i < chains; ++i) total[0] = add(total[0], total[i]);
  return sum(total[0]);
}

constexpr FmaLoop fma_loop(const char* name, Isa isa) {
  return {.name = name, .isa = isa, .width = chains * W, .run = run_fma_loop};
}

}  // namespace
}  // namespace yent
