#include "kernels/cpu/runtime/peak.h"

#include <algorithm>
#include <chrono>

namespace yent {

double measure_fma_peak(const RowKernels& row) {
  using Clock = std::chrono::steady_clock;
  constexpr int rounds = 200000;
  double best = 0;
  volatile float kept = 0;  // so that the work is done
  for (int i = 0; i < 12; ++i) {
    const auto start = Clock::now();
    kept = row.fma_rounds(rounds, 0.5f + kept * 0);
    const std::chrono::duration<double> seconds = Clock::now() - start;
    best = std::max(best, static_cast<double>(rounds) * row.fma_width / seconds.count());
  }
  return best;
}

}  // namespace yent
