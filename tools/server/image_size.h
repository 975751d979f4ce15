// How large a picture says it is, before anything of it is decoded.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace yent::server {

struct ImageSize {
  int64_t width = 0, height = 0;
};

// Of a PNG or a JPEG, from its head; nothing for what is neither.
std::optional<ImageSize> image_size(std::string_view file);

// Throws a usage error which names the field for what is no picture or has more pixels.
void check_image_size(std::string_view file, const std::string& field, int64_t most_pixels);

}  // namespace yent::server
