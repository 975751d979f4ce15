// Animated PNG (https://wiki.mozilla.org/APNG_Specification): a PNG with more pictures behind the
// first, which viewers that know no animation show alone.
#pragma once

#include <cstdint>
#include <vector>

#include "loaders/image/image.h"

namespace yent {

// Takes pictures one by one, all of one size; of each only the rectangle that has changed is kept.
class ApngWriter {
 public:
  explicit ApngWriter(int delay_ms) : delay_ms_(delay_ms) {}

  void add(const Image& picture);
  int frames() const { return frames_; }
  // The file, which repeats without end. At least one picture has been added.
  std::vector<uint8_t> finish();

 private:
  void add_control(int x, int y, int width, int height);

  int delay_ms_;
  int frames_ = 0;
  uint32_t sequence_ = 0;
  Image last_;
  std::vector<uint8_t> header_, chunks_;  // the signature and IHDR; what follows acTL
};

}  // namespace yent
