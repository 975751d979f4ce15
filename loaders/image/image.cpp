#include "loaders/image/image.h"

#include <stb/stb_image.h>

#include <algorithm>
#include <climits>
#include <memory>

#include "kernels/error.h"
#include "loaders/image/exif.h"
#include "loaders/image/image_size.h"
#include "loaders/image/jpeg_segments.h"
#include "loaders/image/opacity.h"
#include "loaders/image/png_chunks.h"
#include "loaders/image/png_text.h"
#include "loaders/io/mapped_file.h"

namespace yent {

namespace {

constexpr int64_t most_pixels = 64'000'000;

std::span<const uint8_t> bytes_of(const MappedFile& file) {
  return {reinterpret_cast<const uint8_t*>(file.bytes().data()), file.bytes().size()};
}

// Progressive JPEGs of today have about ten scans. Each costs a pass over all pixels, so that many
// empty scans would keep us busy for hours: 100 scans of 64 million pixels take 2 s.
constexpr size_t most_scans = 100;

std::string_view chars_of(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void check_scans(const std::vector<JpegSegment>& segments, const std::filesystem::path& path) {
  const auto scans = std::ranges::count(segments, jpeg::scan, &JpegSegment::marker);
  if (static_cast<size_t>(scans) <= most_scans) return;
  throw file_error("{}: the JPEG has {} scans, expected at most {}", path.string(), scans,
                   most_scans);
}

// EXIF that is longer than a segment goes on in the next one. What stands behind the first pixels
// is ignored, as Pillow ignores it.
int orientation_of(const std::vector<JpegSegment>& segments) {
  constexpr std::string_view exif_begin("Exif\0\0", 6),
      xmp_begin("http://ns.adobe.com/xap/1.0/\0", 29);
  std::vector<uint8_t> exif;
  std::string_view xmp;
  for (const JpegSegment& s : segments) {
    if (s.marker == jpeg::scan) break;
    if (s.marker != jpeg::app1) continue;
    const std::string_view text = chars_of(s.data);
    if (text.starts_with(exif_begin)) {
      exif.insert(exif.end(), s.data.begin() + exif_begin.size(), s.data.end());
    } else if (text.starts_with(xmp_begin)) {
      xmp = text.substr(xmp_begin.size());
    }
  }
  if (const auto orientation = exif_orientation(exif)) return *orientation;
  return xmp_orientation(xmp).value_or(1);
}

// ImageMagick's EXIF in a text: a name and a length on lines of their own, then hexadecimal digits.
std::vector<uint8_t> raw_profile(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    const size_t end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  std::vector<uint8_t> bytes;
  int digits = 0;
  for (char c : text) {
    const size_t digit = std::string_view("0123456789abcdef").find(c);
    if (digit == std::string_view::npos) continue;
    if (digits++ % 2 == 0) bytes.push_back(0);
    bytes.back() = static_cast<uint8_t>(bytes.back() << 4 | digit);
  }
  return bytes;
}

int orientation_of(const std::vector<PngChunk>& chunks) {
  std::vector<uint8_t> exif;
  for (const PngChunk& c : chunks) {
    if (c.type == "eXIf") exif.assign(c.data.begin(), c.data.end());
  }
  std::string xmp;
  for (const auto& [keyword, value] : png_text(chunks)) {
    if (keyword == "XML:com.adobe.xmp") xmp = value;
    if (keyword == "Raw profile type exif" && exif.empty()) exif = raw_profile(value);
  }
  if (const auto orientation = exif_orientation(exif)) return *orientation;
  return xmp_orientation(xmp).value_or(1);
}

void check_kind(std::span<const uint8_t> file, const std::filesystem::path& path) {
  if (!is_png(file) && !is_jpeg(file)) {
    throw file_error("{}: neither a PNG nor a JPEG", path.string());
  }
  if (file.size() > INT_MAX) throw file_error("{}: larger than 2 GiB", path.string());
}

struct Pixels {
  int width, height, orientation;
  std::unique_ptr<stbi_uc, void (*)(void*)> values;  // `channels` bytes each
};

Pixels decode(std::span<const uint8_t> file, const std::filesystem::path& path, int channels) {
  check_kind(file, path);
  int orientation = 1;
  if (is_png(file)) {
    orientation = orientation_of(walk_png(file, path));
  } else {
    const std::vector<JpegSegment> segments = walk_jpeg(file, path);
    check_scans(segments, path);
    orientation = orientation_of(segments);
  }
  auto [width, height] = image_size(file, path);
  const int size = static_cast<int>(file.size());
  int own = 0;
  if (int64_t{width} * height > most_pixels) {
    throw file_error("{}: {}x{} is more than {} pixels", path.string(), width, height, most_pixels);
  }
  Pixels pixels{width, height, orientation, {nullptr, stbi_image_free}};
  pixels.values.reset(stbi_load_from_memory(file.data(), size, &width, &height, &own, channels));
  if (!pixels.values) throw file_error("{}: damaged ({})", path.string(), stbi_failure_reason());
  return pixels;
}

}  // namespace

ImageSize image_size(std::span<const uint8_t> file, const std::filesystem::path& path) {
  check_kind(file, path);
  ImageSize size;
  int own = 0;
  if (!stbi_info_from_memory(file.data(), static_cast<int>(file.size()), &size.width, &size.height,
                             &own)) {
    throw file_error("{}: the header is damaged ({})", path.string(), stbi_failure_reason());
  }
  return size;
}

Image read_image(const std::filesystem::path& path) {
  const MappedFile mapped(path);
  return decode_image(bytes_of(mapped), path);
}

Image decode_image(std::span<const uint8_t> file, const std::filesystem::path& path) {
  const Pixels pixels = decode(file, path, 3);
  Image image(pixels.width, pixels.height);
  std::copy_n(pixels.values.get(), image.rgb.size(), image.rgb.begin());
  return upright(std::move(image), pixels.orientation);
}

std::optional<Image> decode_opacity(std::span<const uint8_t> file,
                                    const std::filesystem::path& path) {
  const Pixels pixels = decode(file, path, 4);
  Image image(pixels.width, pixels.height);
  bool opaque = true;
  for (size_t i = 0; i < image.rgb.size() / 3; ++i) {
    const uint8_t alpha = pixels.values.get()[4 * i + 3];
    opaque = opaque && alpha == 255;
    std::fill_n(&image.rgb[3 * i], 3, alpha);
  }
  if (opaque) return std::nullopt;
  return upright(std::move(image), pixels.orientation);
}

}  // namespace yent
