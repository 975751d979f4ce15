// The pixels a convolution reads: for every position of a grid, one pixel for each tap.
#pragma once

#include <algorithm>
#include <vector>

#include "kernels/tensor.h"

namespace yent {

struct ConvWindow {
  struct Tap {
    int y, x;  // offset from the position times the stride
  };
  Tensor image;  // of any layout
  Shape grid;    // the positions: the size of the output
  int stride;
  std::vector<Tap> taps;
  bool upsampled;          // the image is read as if it were as large as the grid
  const std::byte* zeros;  // the pixel outside the image; null where inside()

  static std::vector<Tap> square(int size, int top, int left) {
    std::vector<Tap> taps;
    for (int y = 0; y < size; ++y) {
      for (int x = 0; x < size; ++x) taps.push_back({top + y, left + x});
    }
    return taps;
  }

  // Whether every tap lies in the image or its border, at every position.
  bool inside() const {
    const int b = image.border;
    const auto seen = [&](int at, int size) { return at >= -b && at < size + b; };
    return std::all_of(taps.begin(), taps.end(), [&](const Tap& t) {
      return seen(t.y, image.shape.h) && seen((grid.h - 1) * stride + t.y, image.shape.h) &&
             seen(t.x, image.shape.w) && seen((grid.w - 1) * stride + t.x, image.shape.w);
    });
  }

  // to[tap * count + i] = the address of the pixel that the tap sees at position first + i.
  void fill_indirection(size_t first, int count, const void** to) const {
    const int b = image.border, in_h = image.shape.h, in_w = image.shape.w;
    const int seen_h = upsampled ? grid.h : in_h, seen_w = upsampled ? grid.w : in_w;
    const int64_t pixel = static_cast<int64_t>(image.ld) * block_bytes(image.dtype);
    const int64_t line = (in_w + 2 * b) * pixel;
    for (int i = 0; i < count; ++i) {
      const int column = (first + i) % grid.w, row = (first + i) / grid.w % grid.h;
      const int64_t n = (first + i) / grid.w / grid.h;
      const std::byte* origin =
          static_cast<const std::byte*>(image.data) + (n * (in_h + 2 * b) + b) * line + b * pixel;
      for (size_t tap = 0; tap < taps.size(); ++tap) {
        int64_t y = row * stride + taps[tap].y, x = column * stride + taps[tap].x;
        const bool seen = y >= 0 && y < seen_h && x >= 0 && x < seen_w;
        if (upsampled) y = y * in_h / grid.h, x = x * in_w / grid.w;
        const bool stored = y >= -b && y < in_h + b && x >= -b && x < in_w + b;
        to[tap * count + i] =
            seen || (stored && !upsampled) ? origin + y * line + x * pixel : zeros;
      }
    }
  }
};

}  // namespace yent
