// Charsets: the glyphs that stand for tones, from dark to bright.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace yent {

struct NamedCharset {
  std::string_view name;
  std::u32string_view
      glyphs;  // their ink in the font never decreases (tests/engine/test_ascii.cpp)
};

std::span<const NamedCharset> named_charsets();
std::vector<std::string> charset_names();

// All of printable ASCII: what glyphs are chosen from by their shape.
std::u32string printable_ascii();

// The charset of this name or, where no name fits, the string itself (UTF-8), one level for each
// code point. Throws a usage error for an empty string, for more than 256 levels, and for
// characters that do not fill one cell of a terminal (text/unicode.h), which would tear the rows
// apart; it names the first of them.
std::u32string charset_from(std::string_view name_or_glyphs);

}  // namespace yent
