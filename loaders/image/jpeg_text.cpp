#include "loaders/image/jpeg_text.h"

#include <algorithm>

#include "loaders/image/exif.h"
#include "loaders/image/jpeg_segments.h"
#include "loaders/io/mapped_file.h"
#include "loaders/io/utf8.h"

namespace yent {
namespace {

std::string_view chars(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

PngText decode_jpeg_text(std::span<const uint8_t> file, const std::filesystem::path& name) {
  PngText all;
  const auto has = [&](std::string_view keyword) {
    return std::ranges::any_of(all, [&](const auto& text) { return text.first == keyword; });
  };
  for (const JpegSegment& segment : walk_jpeg(file, name)) {
    if (segment.marker == jpeg::app1 && !has("parameters")) {
      if (auto comment = exif_user_comment(segment.data)) all.emplace_back("parameters", *comment);
    } else if (segment.marker == jpeg::comment && !has("yent")) {
      all.emplace_back("yent", encode_utf8(decode_utf8(chars(segment.data))));
    }
  }
  return all;
}

bool add_jpeg_comment(std::vector<uint8_t>& jpeg, std::string_view text) {
  const size_t length = text.size() + 2;
  if (length > 0xFFFF) return false;
  // Behind the start marker and all segments APPn.
  size_t at = 2;
  while (at + 3 < jpeg.size() && jpeg[at + 1] >= jpeg::app0 && jpeg[at + 1] < jpeg::app0 + 16) {
    at += 2 + jpeg[at + 2] * 256u + jpeg[at + 3];
  }
  std::vector<uint8_t> segment{0xFF, jpeg::comment, static_cast<uint8_t>(length >> 8),
                               static_cast<uint8_t>(length)};
  segment.insert(segment.end(), text.begin(), text.end());
  jpeg.insert(jpeg.begin() + static_cast<ptrdiff_t>(std::min(at, jpeg.size())), segment.begin(),
              segment.end());
  return true;
}

PngText read_picture_text(const std::filesystem::path& path) {
  const MappedFile mapped(path);
  const std::span bytes(reinterpret_cast<const uint8_t*>(mapped.bytes().data()),
                        mapped.bytes().size());
  return is_jpeg(bytes) ? decode_jpeg_text(bytes, path) : decode_png_text(bytes, path);
}

}  // namespace yent
