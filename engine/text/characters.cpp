#include "engine/text/characters.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "loaders/io/utf8.h"

namespace yent {

namespace {

// The length of a character that begins with this byte; 1 for a byte that begins none.
size_t promised_length(char first) {
  const auto lead = static_cast<uint8_t>(first);
  return lead < 0xC0 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF8 ? 4 : 1;
}

}  // namespace

std::vector<Character> characters(std::string_view text) {
  std::vector<Character> out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    size_t length = promised_length(text[i]);
    const std::u32string decoded = decode_utf8(text.substr(i, length));
    if (decoded.size() != 1) length = 1;  // one replacement for each bad byte
    length = std::min(length, text.size() - i);
    out.push_back({decoded[0], i, i + length});
    i += length;
  }
  return out;
}

size_t incomplete_tail(std::string_view text) {
  for (size_t count = 1; count <= std::min<size_t>(text.size(), 3); ++count) {
    const char byte = text[text.size() - count];
    const bool continues = (static_cast<uint8_t>(byte) & 0xC0) == 0x80;
    if (!continues) return promised_length(byte) > count ? count : 0;
  }
  return 0;
}

}  // namespace yent
