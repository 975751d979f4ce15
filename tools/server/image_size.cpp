#include "tools/server/image_size.h"

#include "kernels/error.h"

namespace yent::server {
namespace {

int64_t big_endian(std::string_view file, size_t at, size_t bytes) {
  int64_t value = 0;
  for (size_t i = 0; i < bytes; ++i) value = value << 8 | static_cast<unsigned char>(file[at + i]);
  return value;
}

// Segments until the one that begins a frame, which has the size.
std::optional<ImageSize> jpeg_size(std::string_view file) {
  for (size_t at = 2; at + 9 < file.size();) {
    if (static_cast<unsigned char>(file[at]) != 0xFF) return std::nullopt;
    const auto marker = static_cast<unsigned char>(file[at + 1]);
    if (marker == 0xFF) {  // filling
      ++at;
      continue;
    }
    const bool is_frame =
        marker >= 0xC0 && marker <= 0xCF && marker != 0xC4 && marker != 0xC8 && marker != 0xCC;
    if (is_frame) return ImageSize{big_endian(file, at + 7, 2), big_endian(file, at + 5, 2)};
    if (marker == 0xDA || marker == 0xD9) return std::nullopt;
    at += 2 + static_cast<size_t>(big_endian(file, at + 2, 2));
  }
  return std::nullopt;
}

}  // namespace

std::optional<ImageSize> image_size(std::string_view file) {
  constexpr std::string_view png = "\x89PNG\r\n\x1a\n";
  if (file.starts_with(png) && file.size() >= 24) {
    return ImageSize{big_endian(file, 16, 4), big_endian(file, 20, 4)};
  }
  if (file.starts_with("\xFF\xD8")) return jpeg_size(file);
  return std::nullopt;
}

void check_image_size(std::string_view file, const std::string& field, int64_t most_pixels) {
  const auto size = image_size(file);
  if (!size) throw usage_error("{} is neither a PNG nor a JPEG", field);
  if (size->width * size->height <= most_pixels) return;
  throw usage_error("{} has {}x{} pixels, expected at most {} in all", field, size->width,
                    size->height, most_pixels);
}

}  // namespace yent::server
