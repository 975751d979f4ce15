// What a request may ask for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace yent::server {

struct RequestLimits {
  int steps = 200, side = 2048, count = 8, columns = 300, max_tokens = 512;
  int64_t pixels = 2048 * 2048;            // of a painted picture
  int64_t pixel_steps = int64_t{1} << 30;  // width x height x steps x count: 512x512, 4096 steps
  int64_t image_pixels = 16'000'000;       // of a picture that comes with a request
  size_t text_bytes = 4096;                // of a prompt or of what is said
  size_t policy_bytes = 16 << 10;
  size_t body_bytes = 32 << 20;
};

// Throws a usage error which names the field for what is no picture or has more pixels.
void check_image_size(const std::string& file, const std::string& field, int64_t most_pixels);

}  // namespace yent::server
