#include "kernels/cpu/peak/peak.h"

#include <algorithm>
#include <chrono>

namespace yent {

extern const FmaLoop fma_loop_ref;

#if defined(__x86_64__)
extern const FmaLoop fma_loop_avx2, fma_loop_avx512;
#elif defined(__aarch64__)
extern const FmaLoop fma_loop_neon;
#endif

namespace {

const FmaLoop* const rows[] = {
#if defined(__x86_64__)
    &fma_loop_avx512, &fma_loop_avx2,
#elif defined(__aarch64__)
    &fma_loop_neon,
#endif
    &fma_loop_ref};

}  // namespace

std::span<const FmaLoop* const> fma_loop_table() { return rows; }

double measure_fma_peak(const FmaLoop& row) {
  using Clock = std::chrono::steady_clock;
  constexpr int rounds = 200000;
  double best = 0;
  volatile float kept = 0;  // so that the compiler keeps the work
  for (int i = 0; i < 12; ++i) {
    const auto start = Clock::now();
    kept = row.run(rounds, 0.5f + kept * 0);
    const std::chrono::duration<double> seconds = Clock::now() - start;
    best = std::max(best, static_cast<double>(rounds) * row.width / seconds.count());
  }
  return best;
}

}  // namespace yent
