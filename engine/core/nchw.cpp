#include "engine/core/nchw.h"

namespace yent {

std::vector<float> to_nchw(const std::vector<float>& nhwc, Shape s) {
  std::vector<float> nchw(nhwc.size());
  const size_t pixels = static_cast<size_t>(s.h) * s.w;
  for (size_t r = 0; r < s.rows(); ++r) {
    for (int c = 0; c < s.c; ++c) {
      nchw[(r / pixels * s.c + c) * pixels + r % pixels] = nhwc[r * s.c + c];
    }
  }
  return nchw;
}

std::vector<float> to_nhwc(const std::vector<float>& nchw, Shape s) {
  std::vector<float> nhwc(nchw.size());
  const size_t pixels = static_cast<size_t>(s.h) * s.w;
  for (size_t r = 0; r < s.rows(); ++r) {
    for (int c = 0; c < s.c; ++c) {
      nhwc[r * s.c + c] = nchw[(r / pixels * s.c + c) * pixels + r % pixels];
    }
  }
  return nhwc;
}

}  // namespace yent
