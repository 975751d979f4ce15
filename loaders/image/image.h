// Pictures in memory and in files: 8-bit RGB; PNG and JPEG, in and out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace yent {

// Rows from top to bottom, three bytes a pixel (R, G, B), no padding: 3 * width * height bytes.
struct Image {
  int width = 0, height = 0;
  std::vector<uint8_t> rgb;

  Image() = default;
  Image(int w, int h) : width(w), height(h), rgb(static_cast<size_t>(w) * h * 3) {}

  uint8_t* pixel(int x, int y) { return rgb.data() + (static_cast<size_t>(y) * width + x) * 3; }
  const uint8_t* pixel(int x, int y) const {
    return rgb.data() + (static_cast<size_t>(y) * width + x) * 3;
  }
};

// Keyword and value of the text chunks of a PNG, both UTF-8.
using PngText = std::vector<std::pair<std::string, std::string>>;

// Reads a PNG or a JPEG. Grey and palettes become RGB, 16 bits become 8, transparency is dropped
// as Pillow's convert("RGB") does. A picture that is stored turned or mirrored, by EXIF's or XMP's
// orientation, comes upright, as Pillow's exif_transpose makes it. Throws a file error for anything
// else, for damage (chunk sums are checked), for a picture cut short, for more than 64 million
// pixels and for more scans of a progressive JPEG than a real one has; the inflated size of a
// small file is limited too.
Image read_image(const std::filesystem::path& path);
// The same of a file's bytes; `name` is for the error's sentence.
Image decode_image(std::span<const uint8_t> file, const std::filesystem::path& name);

// The text kept in a PNG, in file order: tEXt, zTXt and iTXt (png_text.h). Throws as read_image
// does; `name` is for the error's sentence.
PngText read_png_text(const std::filesystem::path& path);
PngText decode_png_text(std::span<const uint8_t> file, const std::filesystem::path& name);

// `text` goes right behind the header: as tEXt where Latin-1 can hold it, else as iTXt. A keyword
// is 1 to 79 characters of ASCII. The same picture and text give the same bytes.
std::vector<uint8_t> encode_png(const Image& image,
                                std::span<const std::pair<std::string, std::string>> text = {});

// A JPEG of quality 95 with full colour resolution. `comment` becomes EXIF's UserComment, where
// AUTOMATIC1111 keeps the settings of a JPEG; fits_jpeg tells whether it has room there (32737
// units of UTF-16). The same picture and comment give the same bytes.
constexpr int jpeg_quality = 95;
std::vector<uint8_t> encode_jpeg(const Image& image,
                                 const std::optional<std::string>& comment = {});
bool fits_jpeg(std::string_view comment);

// Lanczos of three lobes, or the cubic of Keys with a = -1/2.
enum class Resampling { lanczos, bicubic, bilinear };  // indices of the table in resize.cpp
std::vector<std::string> resampling_names();
std::optional<Resampling> find_resampling(std::string_view name);

// A separable filter, widened by the scale when shrinking, in fixed point with an 8-bit
// intermediate picture, horizontal pass first: the arithmetic of Pillow's Image.resize.
Image resize(const Image& image, int width, int height, Resampling filter = Resampling::lanczos);

}  // namespace yent
