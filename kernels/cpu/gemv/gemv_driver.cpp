#include "kernels/cpu/gemv/gemv_driver.h"

#include <algorithm>
#include <vector>

#include "kernels/cpu/gemm/output_store.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/integers.h"

namespace yent {

void gemv_rows(const CpuRun& run, const Tensor& out, const Tensor& x, const GemvWeight& weight,
               const GemmWeight& gemm, const Epilogue& e) {
  const int nr = gemm.kernel->nr;
  // Columns of a task: enough for every thread, few enough that little is prefetched past its end.
  const int tasks_wanted = 8 * run.threads;
  const int span = nr * std::max(1, gemm.columns / (nr * tasks_wanted));
  const size_t input_bytes = weight.packed_input_bytes();
  const Scratch inputs(run.arena, input_bytes * x.rows());
  const Scratch room(run.arena, sizeof(float) * span * run.threads);
  if (run.arena.measuring()) return;
  std::vector<const void*> rows(x.rows());
  for (size_t r = 0; r < x.rows(); ++r) {
    rows[r] = weight.pack_input(x.row<float>(r), inputs.as<std::byte>() + r * input_bytes);
  }
  const OutputMap consecutive;
  const OutputStore to{out, consecutive, gemm, e, out.rows() / out.shape.n};
  const size_t tasks = ceil_div(gemm.columns, span);
  parallel_for(run.threads, tasks, [&](size_t task, int thread) {
    const int first = task * span, last = std::min(gemm.columns, first + span);
    float* sums = room.as<float>() + thread * span;
    for (size_t r = 0; r < x.rows(); ++r) {
      weight.multiply(first, last, rows[r], sums);
      for (int c = first; c < last; c += nr) to.store({sums + c - first, r, 1, c});
    }
  });
}

}  // namespace yent
