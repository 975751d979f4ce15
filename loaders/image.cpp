#include "loaders/image.h"

#include <stb/stb_image.h>

#include <algorithm>
#include <climits>
#include <memory>
#include <string_view>

#include "kernels/error.h"
#include "loaders/mapped_file.h"
#include "loaders/png_chunks.h"

namespace yent {

namespace {

constexpr int64_t most_pixels = 64'000'000;

std::span<const uint8_t> bytes_of(const MappedFile& file) {
  return {reinterpret_cast<const uint8_t*>(file.bytes().data()), file.bytes().size()};
}

// stb_image takes a JPEG that ends early and paints the rest grey. Inside compressed data FF is
// never followed by D9 or DA, so a whole file has an end marker behind its last start of scan; a
// thumbnail's end marker comes before it.
bool jpeg_is_whole(std::span<const uint8_t> file) {
  const std::string_view bytes(reinterpret_cast<const char*>(file.data()), file.size());
  const size_t scan = bytes.rfind("\xFF\xDA");
  const size_t end = bytes.rfind("\xFF\xD9");
  return scan != bytes.npos && end != bytes.npos && end > scan;
}

}  // namespace

Image read_image(const std::filesystem::path& path) {
  const MappedFile mapped(path);
  const std::span<const uint8_t> file = bytes_of(mapped);
  if (is_png(file)) {
    walk_png(file, path);
  } else if (file.size() < 3 || file[0] != 0xFF || file[1] != 0xD8 || file[2] != 0xFF) {
    throw file_error("{}: neither a PNG nor a JPEG", path.string());
  } else if (!jpeg_is_whole(file)) {
    throw file_error("{}: the JPEG is cut short", path.string());
  }
  if (file.size() > INT_MAX) throw file_error("{}: larger than 2 GiB", path.string());

  const int size = static_cast<int>(file.size());
  int width = 0, height = 0, channels = 0;
  if (!stbi_info_from_memory(file.data(), size, &width, &height, &channels)) {
    throw file_error("{}: the header is damaged ({})", path.string(), stbi_failure_reason());
  }
  if (int64_t{width} * height > most_pixels) {
    throw file_error("{}: {}x{} is more than {} pixels", path.string(), width, height, most_pixels);
  }
  const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
      stbi_load_from_memory(file.data(), size, &width, &height, &channels, 3), stbi_image_free);
  if (!pixels) throw file_error("{}: damaged ({})", path.string(), stbi_failure_reason());
  Image image(width, height);
  std::copy_n(pixels.get(), image.rgb.size(), image.rgb.begin());
  return image;
}

}  // namespace yent
