// The canonical form of a drawing, under which the same drawing is always the same text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace yent::art {

constexpr int kMaxSide = 256;  // columns and rows of a drawing

// Checks UTF-8 and composes it (NFC), drops a byte order mark, makes CRLF to LF, expands tabs to
// multiples of 8 columns, maps a few characters that look like one of the vocabulary (curly quotes,
// dashes, no-break spaces), removes blank rows around the drawing, the indentation that all rows
// share and spaces at their ends, and ends with one newline. The result has 1 to kMaxSide rows and
// columns and is its own canonical form. Throws a file error that begins with `where`, a path as a
// rule, for what is no UTF-8, outside the vocabulary, too large or blank.
std::string canonical(std::string_view utf8, const std::string& where);

// The rows of a canonical text, padded with spaces to the width of the longest.
struct Drawing {
  int width = 0, height = 0;
  std::vector<std::u32string> rows = {};
};
Drawing drawing_of(std::string_view canonical_text);

}  // namespace yent::art
