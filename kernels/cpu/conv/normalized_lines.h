// Lines of an image as a group norm gives them, in the layout of a convolution's input.
#pragma once

#include "kernels/cpu/norm/norm_driver.h"

namespace yent {

// Bytes of a line of a padded image.
size_t line_bytes(const Shape& in, DType type);

// A piece of an image `in`, in place of which stands a padded image of its own: as many lines from
// line `first` of image `image` on, and the two next to them where the padding is. Of int8 images
// `scale` is the scale.
struct NormalizedLines {
  const GroupNormWalk& norm;
  const Shape& in;
  int image, first;
  float scale;

  // Writes line y of the padded image, from -1 on.
  void write(const Tensor& piece, int y) const;
};

}  // namespace yent
