#include "loaders/image/png_text.h"

#include <stb/stb_image.h>

#include <algorithm>
#include <climits>
#include <optional>

#include "loaders/io/mapped_file.h"
#include "loaders/io/utf8.h"

namespace yent {

namespace {

// The part of `rest` before the next zero byte; `rest` then begins behind that byte.
std::string_view take_field(std::string_view& rest) {
  const size_t end = std::min(rest.find('\0'), rest.size());
  const std::string_view field = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return field;
}

// The next byte, or nothing where there is none.
std::optional<uint8_t> take_byte(std::string_view& rest) {
  if (rest.empty()) return {};
  const auto byte = static_cast<uint8_t>(rest.front());
  rest.remove_prefix(1);
  return byte;
}

// Nothing where the text is damaged or takes more than `room`, which shrinks by what it takes.
std::optional<std::string> inflated(std::string_view deflated, size_t& room) {
  constexpr size_t most_growth = 1032;  // of deflate: 258 bytes for two bits
  if (deflated.size() > INT_MAX / most_growth) return {};
  std::string text(std::min(room, deflated.size() * most_growth), '\0');
  const int size = stbi_zlib_decode_buffer(text.data(), static_cast<int>(text.size()),
                                           deflated.data(), static_cast<int>(deflated.size()));
  if (size < 0) return {};
  text.resize(size);
  room -= text.size();
  return text;
}

std::string utf8_from_latin1(std::string_view text) {
  std::u32string wide;
  for (char c : text) wide.push_back(static_cast<uint8_t>(c));
  return encode_utf8(wide);
}

// Behind the keyword: the text as bytes, inflated where it is compressed.
std::optional<std::string> text_behind_keyword(std::string_view type, std::string_view rest,
                                               size_t& room) {
  if (type == "tEXt") return std::string(rest);
  bool compressed = true;
  if (type == "iTXt") {
    const auto flag = take_byte(rest);
    if (!flag) return {};
    compressed = *flag != 0;
  }
  const auto method = take_byte(rest);
  if (!method || (compressed && *method != 0)) return {};
  if (type == "iTXt") {
    take_field(rest);  // language
    take_field(rest);  // translated keyword
  }
  return compressed ? inflated(rest, room) : std::string(rest);
}

}  // namespace

PngText png_text(const std::vector<PngChunk>& chunks) {
  PngText all;
  size_t room = 4 << 20;
  for (const PngChunk& chunk : chunks) {
    if (chunk.type != "tEXt" && chunk.type != "zTXt" && chunk.type != "iTXt") continue;
    std::string_view rest(reinterpret_cast<const char*>(chunk.data.data()), chunk.data.size());
    const std::string keyword = utf8_from_latin1(take_field(rest));
    const auto text = text_behind_keyword(chunk.type, rest, room);
    if (!text) continue;
    all.emplace_back(
        keyword, chunk.type == "iTXt" ? encode_utf8(decode_utf8(*text)) : utf8_from_latin1(*text));
  }
  return all;
}

PngText decode_png_text(std::span<const uint8_t> file, const std::filesystem::path& name) {
  return png_text(walk_png(file, name));
}

PngText read_png_text(const std::filesystem::path& path) {
  const MappedFile mapped(path);
  return decode_png_text(
      {reinterpret_cast<const uint8_t*>(mapped.bytes().data()), mapped.bytes().size()}, path);
}

}  // namespace yent
