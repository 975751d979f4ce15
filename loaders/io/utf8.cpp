#include "loaders/io/utf8.h"

#include <cstddef>
#include <cstdint>

namespace yent {

namespace {

constexpr char32_t replacement = 0xFFFD;

bool is_scalar(char32_t c) { return c < 0xD800 || (c >= 0xE000 && c <= 0x10FFFF); }

}  // namespace

std::u32string decode_utf8(std::string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    // Number of continuation bytes, and the smallest code point that needs that many.
    const size_t more = lead < 0x80 ? 0 : lead < 0xC0 ? 4 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
    constexpr char32_t least[] = {0, 0x80, 0x800, 0x10000};
    char32_t c = more == 0 ? lead : lead & (0x3F >> more);
    bool well_formed = more < 4 && lead < 0xF8 && i + more < text.size();
    for (size_t k = 1; well_formed && k <= more; ++k) {
      const auto byte = static_cast<uint8_t>(text[i + k]);
      well_formed = (byte & 0xC0) == 0x80;
      c = (c << 6) | (byte & 0x3F);
    }
    well_formed = well_formed && c >= least[more] && is_scalar(c);
    out.push_back(well_formed ? c : replacement);
    i += well_formed ? more + 1 : 1;
  }
  return out;
}

std::string encode_utf8(std::u32string_view code_points) {
  std::string out;
  out.reserve(code_points.size());
  for (char32_t c : code_points) {
    if (!is_scalar(c)) c = replacement;
    if (c < 0x80) {
      out.push_back(static_cast<char>(c));
      continue;
    }
    const int more = c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
    constexpr uint8_t lead[] = {0, 0xC0, 0xE0, 0xF0};
    out.push_back(static_cast<char>(lead[more] | (c >> (6 * more))));
    for (int k = more - 1; k >= 0; --k) {
      out.push_back(static_cast<char>(0x80 | ((c >> (6 * k)) & 0x3F)));
    }
  }
  return out;
}

}  // namespace yent
