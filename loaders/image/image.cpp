#include "loaders/image/image.h"

#include <stb/stb_image.h>

#include <algorithm>
#include <climits>
#include <memory>

#include "kernels/error.h"
#include "loaders/image/png_chunks.h"
#include "loaders/io/mapped_file.h"

namespace yent {

namespace {

constexpr int64_t most_pixels = 64'000'000;

std::span<const uint8_t> bytes_of(const MappedFile& file) {
  return {reinterpret_cast<const uint8_t*>(file.bytes().data()), file.bytes().size()};
}

// stb_image 2.27 writes past its table when a segment claims more than 256 codes, so such a file
// must not reach it.
bool huffman_tables_fit(std::span<const uint8_t> tables) {
  constexpr size_t lengths = 16;
  while (!tables.empty()) {
    if (tables.size() < 1 + lengths) return false;
    size_t codes = 0;
    for (uint8_t count : tables.subspan(1, lengths)) codes += count;
    if (codes > 256 || tables.size() < 1 + lengths + codes) return false;
    tables = tables.subspan(1 + lengths + codes);
  }
  return true;
}

// Walks the segments up to the end marker. stb_image itself takes a JPEG that ends early and
// paints the rest grey.
void check_jpeg(std::span<const uint8_t> file, const std::filesystem::path& path) {
  constexpr uint8_t huffman = 0xC4, end = 0xD9;
  size_t at = 2;  // behind the start marker
  for (uint8_t marker = 0; marker != end;) {
    // The next marker: inside compressed data FF is followed by 0 or a restart, D0 to D7.
    while (at + 1 < file.size() && (file[at] != 0xFF || file[at + 1] == 0 || file[at + 1] == 0xFF ||
                                    (file[at + 1] >= 0xD0 && file[at + 1] <= 0xD7))) {
      ++at;
    }
    if (at + 1 >= file.size()) throw file_error("{}: the JPEG is cut short", path.string());
    marker = file[at + 1];
    at += 2;
    if (marker == end) continue;
    const size_t length = at + 1 < file.size() ? file[at] * 256u + file[at + 1] : 0;
    if (length < 2 || length > file.size() - at) {
      throw file_error("{}: the JPEG segment at byte {} is damaged", path.string(), at - 2);
    }
    if (marker == huffman && !huffman_tables_fit(file.subspan(at + 2, length - 2))) {
      throw file_error("{}: the JPEG's Huffman tables at byte {} are damaged", path.string(),
                       at - 2);
    }
    at += length;
  }
}

}  // namespace

Image read_image(const std::filesystem::path& path) {
  const MappedFile mapped(path);
  return decode_image(bytes_of(mapped), path);
}

Image decode_image(std::span<const uint8_t> file, const std::filesystem::path& path) {
  if (is_png(file)) {
    walk_png(file, path);
  } else if (file.size() >= 3 && file[0] == 0xFF && file[1] == 0xD8 && file[2] == 0xFF) {
    check_jpeg(file, path);
  } else {
    throw file_error("{}: neither a PNG nor a JPEG", path.string());
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
