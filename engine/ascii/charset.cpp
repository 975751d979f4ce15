#include "engine/ascii/charset.h"

#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"

namespace yent {

namespace {

constexpr NamedCharset charsets[] = {
    {"techno", U" .'·:;~=+×*#%@▓█"},
    {"techno13", U" .·:;=+×*#%@█"},
    {"punk", U" ·•×#█"},
    {"standard", U" .:-=+*#%@"},
    {"blocks", U" ░▒▓█"},
    {"minimal", U" .oO@"},
    {"long", U" .`',_:;^\"~-=!<+/()ir{}lIczs7fv1x*FJeZoua2Ew5kS3h6#VXyK$U&8%MWB@0▒▓█"},
};

// A character by its number, and itself where it cannot disturb a terminal.
std::string named(char32_t c) {
  const std::string number = fmt::format("U+{:04X}", static_cast<uint32_t>(c));
  const bool shows = is_letter(c) || is_number(c) || c >= 0x1F000;
  return shows ? fmt::format("{} ({})", number, encode_utf8(std::u32string_view(&c, 1))) : number;
}

}  // namespace

std::span<const NamedCharset> named_charsets() { return charsets; }

std::vector<std::string> charset_names() {
  std::vector<std::string> names;
  for (const NamedCharset& named : charsets) names.emplace_back(named.name);
  return names;
}

std::u32string printable_ascii() {
  std::u32string glyphs;
  for (char32_t c = U' '; c <= U'~'; ++c) glyphs.push_back(c);
  return glyphs;
}

std::u32string charset_from(std::string_view name_or_glyphs) {
  for (const NamedCharset& named : charsets) {
    if (named.name == name_or_glyphs) return std::u32string(named.glyphs);
  }
  const std::u32string glyphs = decode_utf8(name_or_glyphs);
  // There are 256 tones: with more levels some could never be reached.
  if (glyphs.empty() || glyphs.size() > 256) {
    throw usage_error("the charset has {} characters, expected a name or 1 to 256 characters",
                      glyphs.size());
  }
  if (encode_utf8(glyphs) != name_or_glyphs) throw usage_error("the charset is not valid UTF-8");
  for (char32_t c : glyphs) {
    if (fills_one_cell(c)) continue;
    throw usage_error(
        "the charset holds {}, expected characters of one cell each: no control, wide, combining, "
        "invisible or right-to-left ones",
        named(c));
  }
  return glyphs;
}

}  // namespace yent
