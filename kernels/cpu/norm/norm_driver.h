// Norms on threads. Group norm gathers statistics by chunks of pixels, then applies them in one
// more walk; outputs are of any form.
#pragma once

#include "kernels/backend.h"
#include "kernels/cpu/rowwise/row_kernels.h"

namespace yent {

// The statistics of a group norm, gathered by its constructor, and the norm by rows.
class GroupNormWalk {
 public:
  GroupNormWalk(Arena& arena, int threads, const RowKernels& row_kernels, const ConcatView& x,
                const NormWeight& w, int groups, Fn fn);

  // No output of an image is greater in magnitude. NaN where one may not be finite.
  float absmax(size_t image) const { return *of(image).absmax; }
  // `rows` rows of one image, written one behind the other, `ld` apart; see Vec::normalize.
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

void group_norm(Arena& arena, int threads, const RowKernels& row_kernels, Tensor out,
                const ConcatView& x, const NormWeight& w, int groups, Fn fn);
void layer_norm(Arena& arena, int threads, const RowKernels& row_kernels, Tensor out, Tensor x,
                const NormWeight& w);

}  // namespace yent
