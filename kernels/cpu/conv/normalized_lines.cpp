#include "kernels/cpu/conv/normalized_lines.h"

#include <cstring>

#include "kernels/cpu/layout/layout.h"

namespace yent {

size_t line_bytes(const Shape& in, DType type) {
  const Layout line = padded_image_layout({1, 1, in.w, in.c}, type);
  return static_cast<size_t>(in.w + 2) * line.tensor.ld * block_bytes(type);
}

void NormalizedLines::write(const Tensor& piece, int y) const {
  const size_t pixel = static_cast<size_t>(piece.ld) * block_bytes(piece.dtype);
  const size_t line = (in.w + 2) * pixel;
  std::byte* to = static_cast<std::byte*>(piece.data) + (y + 1) * line;
  const int source = first + y;
  if (source < 0 || source >= in.h || scale != scale) {
    std::memset(to, 0, line);
    return;
  }
  std::memset(to, 0, pixel);
  std::memset(to + line - pixel, 0, pixel);
  const size_t row = (static_cast<size_t>(image) * in.h + source) * in.w;
  norm.apply(row, in.w, to + pixel, element(piece.dtype), piece.ld, 1 / scale);
  const size_t used = in.c * block_bytes(piece.dtype);
  for (int i = 1; i <= in.w && used < pixel; ++i) {
    std::memset(to + i * pixel + used, 0, pixel - used);
  }
}

}  // namespace yent
