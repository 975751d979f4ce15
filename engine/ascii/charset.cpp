#include "engine/ascii/charset.h"

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

}  // namespace

std::span<const NamedCharset> named_charsets() { return charsets; }

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
  for (char32_t c : glyphs) {
    if (c < 0x20 || (c >= 0x7F && c < 0xA0)) {
      throw usage_error("the charset holds the control character U+{:04X}", static_cast<int>(c));
    }
  }
  return glyphs;
}

}  // namespace yent
