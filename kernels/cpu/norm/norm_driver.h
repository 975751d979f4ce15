// Norms on threads. Group norm gathers statistics by chunks of pixels, then applies them in a
// second pass. Outputs of group norm and layer norm may have any layout.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/rowwise/row_kernels.h"
#include "kernels/cpu/runtime/cpu_run.h"

namespace yent {

// A group norm of x, then fn: the constructor gathers the statistics, on threads; apply()
// normalizes rows.
class GroupNormWalk {
 public:
  GroupNormWalk(const CpuRun& run, const ConcatView& x, const Prologue& p);

  // A bound on the magnitude of an image's outputs. NaN where one may not be finite.
  float absmax(size_t image) const { return *of(image).absmax; }
  // Writes `rows` rows of one image, from row `row` of x on, `ld` elements apart; see
  // RowKernels::normalize.
  void apply(size_t row, int rows, void* to, Element type, size_t ld, float inverse_scale) const;

 private:
  // (x - center) * gain + shift, then fn.
  struct Channels {
    float *centers, *gains, *shifts, *absmax;
  };
  Channels of(size_t image) const;

  const RowKernels& row_kernels_;
  const ConcatView x_;
  const Fn fn_;
  const Scratch room_;
};

void group_norm(const CpuRun& run, const Tensor& out, const ConcatView& x, const Prologue& p);
void layer_norm(const CpuRun& run, const Tensor& out, const Tensor& x, const NormWeight& w);
// f32; every `width` columns on their own.
void rms_norm(const CpuRun& run, const Tensor& out, const Tensor& x, const NormWeight& w,
              int width);

}  // namespace yent
