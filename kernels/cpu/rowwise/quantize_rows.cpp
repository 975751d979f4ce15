#include <algorithm>
#include <vector>

#include "kernels/cpu/rowwise/row_ops.h"
#include "kernels/cpu/runtime/parallel.h"
#include "kernels/half.h"
#include "kernels/quantize/quantize.h"

namespace yent {
namespace {

void widen(const Tensor& t, size_t r, float* to) {
  if (t.dtype == DType::f32) {
    std::copy_n(t.row<float>(r), t.shape.c, to);
  } else {
    std::transform(t.row<uint16_t>(r), t.row<uint16_t>(r) + t.shape.c, to, bf16_to_f32);
  }
}

void widen(const ConcatView& x, size_t r, float* to) {
  widen(x.a, r, to);
  if (x.b) widen(x.b, r, to + x.a.shape.c);
}

}  // namespace

void quantize(const CpuRun& run, const Tensor& out, const ConcatView& x, const QuantGrid& grid,
              const QuantMix& mix) {
  if (run.arena.measuring()) return;
  parallel_rows(run.threads, out.rows(), [&](size_t r) { widen(x, r, out.row<float>(r)); });
  const QuantRows rows = quant_rows(out);
  const GroupSplit split(grid, rows);
  parallel_for(run.threads, split.count(),
               [&](size_t group, int) { quantize_group(grid, rows, split, group); });
  if (mix.share == 1 && !mix.residual) return;
  parallel_rows(run.threads, out.rows(), [&](size_t r) {
    float* to = out.row<float>(r);
    std::vector<float> beside(out.shape.c);
    if (mix.share != 1) {
      widen(mix.other ? ConcatView(mix.other) : x, r, beside.data());
      for (int c = 0; c < out.shape.c; ++c) {
        to[c] = mix.share * to[c] + (1 - mix.share) * beside[c];
      }
    }
    if (!mix.residual) return;
    widen(mix.residual, r, beside.data());
    for (int c = 0; c < out.shape.c; ++c) to[c] = beside[c] + to[c];
  });
}

}  // namespace yent
