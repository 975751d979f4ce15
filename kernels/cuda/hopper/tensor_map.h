// Tensor maps: how bulk copies find boxes of a tensor of halves in global memory. The driver makes
// them, on the host; it is asked by name, so that programs start without it. Tiles in shared memory
// are swizzled over 128 bytes, and what lies outside of the tensor becomes zeros.
#pragma once

#include <cuda.h>

#include "kernels/cuda/hopper/hopper_index.h"

namespace yent::cuda {

// Whether the driver can make them.
bool has_tensor_maps();

// Boxes of kDepth columns and `box_rows` rows, at most 256. `data` and `ld` (halves from row to
// row) are in whole chunks.
struct MatrixBoxes {
  const void* data;
  int columns, rows;
  int64_t ld;
  int box_rows;
};
void make_tensor_map(CUtensorMap& to, const MatrixBoxes& boxes);

// Boxes of kDepth channels and `box_pixels` corners of windows, at most 256.
struct WindowBoxes {
  const void* data;
  ConvView view;
  int box_pixels;
};
void make_tensor_map(CUtensorMap& to, const WindowBoxes& boxes);

}  // namespace yent::cuda
