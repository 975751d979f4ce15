// Text as characters that remember their bytes, so that nothing is lost where it is no UTF-8.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace yent {

// A character of text[begin, end). A byte that is part of no character is one of its own, U+FFFD.
struct Character {
  char32_t code;
  size_t begin, end;
};

std::vector<Character> characters(std::string_view text);

// Bytes at the end of the text that begin a character which more bytes could complete.
size_t incomplete_tail(std::string_view text);

}  // namespace yent
