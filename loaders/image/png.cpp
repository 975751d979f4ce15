// Writes PNG files, and reads their text chunks. Only this file includes stb_image_write.
#define STB_IMAGE_WRITE_IMPLEMENTATION
#define STBI_WRITE_NO_STDIO
#include <stb/stb_image_write.h>

#include <algorithm>
#include <array>

#include "kernels/error.h"
#include "loaders/image/image.h"
#include "loaders/image/png_chunks.h"
#include "loaders/io/mapped_file.h"
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

// The part of `rest` before the next zero byte; `rest` then begins behind that byte.
std::string_view take_field(std::string_view& rest) {
  const size_t end = std::min(rest.find('\0'), rest.size());
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

std::string utf8_from_latin1(std::string_view text) {
  std::u32string wide;
  for (char c : text) wide.push_back(static_cast<uint8_t>(c));
  return encode_utf8(wide);
}

}  // namespace

std::vector<uint8_t> encode_png(const Image& image,
                                std::span<const std::pair<std::string, std::string>> text) {
  ENSURE(image.width > 0 && image.height > 0 &&
             image.rgb.size() == size_t{3} * image.width * image.height,
         "encode_png: {}x{} with {} bytes", image.width, image.height, image.rgb.size());
  std::vector<uint8_t> plain;
  const auto collect = [](void* to, void* data, int size) {
    const auto* bytes = static_cast<const uint8_t*>(data);
    static_cast<std::vector<uint8_t>*>(to)->assign(bytes, bytes + size);
  };
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

PngText read_png_text(const std::filesystem::path& path) {
  const MappedFile mapped(path);
  const std::span<const uint8_t> file(reinterpret_cast<const uint8_t*>(mapped.bytes().data()),
                                      mapped.bytes().size());
  PngText text;
  for (const PngChunk& chunk : walk_png(file, path)) {
    std::string_view rest(reinterpret_cast<const char*>(chunk.data.data()), chunk.data.size());
    if (chunk.type == "tEXt") {
      const std::string_view keyword = take_field(rest);
      text.emplace_back(utf8_from_latin1(keyword), utf8_from_latin1(rest));
    } else if (chunk.type == "iTXt") {
      const std::string_view keyword = take_field(rest);
      const bool compressed = rest.size() < 2 || rest[0] != 0;
      if (compressed) continue;
      rest.remove_prefix(2);
      take_field(rest);  // language
      take_field(rest);  // translated keyword
      text.emplace_back(utf8_from_latin1(keyword), encode_utf8(decode_utf8(rest)));
    }
  }
  return text;
}

}  // namespace yent
