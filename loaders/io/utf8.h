// UTF-8 to code points and back. Text counts in code points everywhere: charsets, words, tokens.
#pragma once

#include <string>
#include <string_view>

namespace yent {

// Every byte that is not part of a well-formed sequence (overlong forms, surrogates and code
// points above 10FFFF included) becomes one U+FFFD, so decoding never fails and never loops.
std::u32string decode_utf8(std::string_view text);

// A surrogate or a number above 10FFFF is written as U+FFFD: the result is always valid UTF-8.
std::string encode_utf8(std::u32string_view code_points);

}  // namespace yent
