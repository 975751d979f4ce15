// Writes PNG and JPEG files. Only this file includes stb_image_write.
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

#include <algorithm>

#include "kernels/error.h"
#include "loaders/image/exif.h"
#include "loaders/image/image.h"
#include "loaders/image/jpeg_segments.h"
#include "loaders/image/png_chunks.h"
#include "loaders/io/utf8.h"

namespace yent {

namespace {

void append(std::vector<uint8_t>& out, std::string_view text) {
  out.insert(out.end(), text.begin(), text.end());
}

void append_text_chunk(std::vector<uint8_t>& png, const std::string& keyword,
                       const std::string& value) {
  ENSURE(!keyword.empty() && keyword.size() < 80, "PNG text keyword of {} bytes", keyword.size());
  std::vector<uint8_t> data(keyword.begin(), keyword.end());
  data.push_back(0);
  const std::u32string text = decode_utf8(value);
  const bool latin1 = std::all_of(text.begin(), text.end(), [](char32_t c) { return c < 0x100; });
  if (latin1) {
    for (char32_t c : text) data.push_back(static_cast<uint8_t>(c));
  } else {
    data.insert(data.end(), 4, 0);  // not compressed, method 0, no language, no translated keyword
    append(data, encode_utf8(text));
  }
  append_png_chunk(png, latin1 ? "tEXt" : "iTXt", data);
}

void check_size(const Image& image) {
  ENSURE(image.width > 0 && image.height > 0 &&
             image.rgb.size() == size_t{3} * image.width * image.height,
         "a picture of {}x{} with {} bytes", image.width, image.height, image.rgb.size());
}

// stb_image_write hands over a PNG at once and a JPEG in pieces.
void collect(void* to, void* data, int size) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  auto& all = *static_cast<std::vector<uint8_t>*>(to);
  all.insert(all.end(), bytes, bytes + size);
}

}  // namespace

std::vector<uint8_t> encode_png(const Image& image,
                                std::span<const std::pair<std::string, std::string>> text) {
  check_size(image);
  std::vector<uint8_t> plain;
  if (!stbi_write_png_to_func(collect, &plain, image.width, image.height, 3, image.rgb.data(),
                              image.width * 3)) {
    throw run_error("no memory to encode a PNG of {}x{}", image.width, image.height);
  }
  // Signature and header are 8 + 25 bytes; text behind them is read before the pixels.
  constexpr size_t header = 33;
  std::vector<uint8_t> png(plain.begin(), plain.begin() + header);
  for (const auto& [keyword, value] : text) append_text_chunk(png, keyword, value);
  png.insert(png.end(), plain.begin() + header, plain.end());
  return png;
}

std::vector<uint8_t> encode_jpeg(const Image& image, const std::optional<std::string>& comment) {
  check_size(image);
  std::vector<uint8_t> jpeg;
  if (!stbi_write_jpg_to_func(collect, &jpeg, image.width, image.height, 3, image.rgb.data(),
                              jpeg_quality)) {
    throw run_error("no memory to encode a JPEG of {}x{}", image.width, image.height);
  }
  if (!comment) return jpeg;
  const auto exif = exif_comment(*comment);
  ENSURE(exif, "a comment of {} bytes in a JPEG", comment->size());
  // Behind the start marker and the segment that makes the file a JFIF.
  const size_t at = 2 + 2 + (jpeg[4] * 256u + jpeg[5]), length = exif->size() + 2;
  std::vector<uint8_t> segment{0xFF, jpeg::app1, static_cast<uint8_t>(length >> 8),
                               static_cast<uint8_t>(length)};
  segment.insert(segment.end(), exif->begin(), exif->end());
  jpeg.insert(jpeg.begin() + static_cast<ptrdiff_t>(at), segment.begin(), segment.end());
  return jpeg;
}

bool fits_jpeg(std::string_view comment) { return exif_comment(comment).has_value(); }

}  // namespace yent
