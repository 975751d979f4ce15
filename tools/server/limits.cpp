#include "tools/server/limits.h"

#include <span>

#include "kernels/error.h"
#include "loaders/image/image_size.h"

namespace yent::server {

void check_image_size(const std::string& file, const std::string& field, int64_t most_pixels) {
  const auto [width, height] =
      image_size(std::span(reinterpret_cast<const uint8_t*>(file.data()), file.size()), field);
  if (int64_t{width} * height <= most_pixels) return;
  throw usage_error("{} has {}x{} pixels, expected at most {} in all", field, width, height,
                    most_pixels);
}

}  // namespace yent::server
