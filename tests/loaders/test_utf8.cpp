#include <doctest/doctest.h>

#include "loaders/io/utf8.h"

using yent::decode_utf8;
using yent::encode_utf8;

TEST_CASE("utf8: every scalar value survives a round trip") {
  int lost = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    const std::u32string one(1, c);
    if (decode_utf8(encode_utf8(one)) != one) ++lost;
  }
  CHECK(lost == 0);
}

TEST_CASE("utf8: known strings") {
  CHECK(decode_utf8("") == U"");
  CHECK(decode_utf8("кот·█") == U"кот·█");
  CHECK(encode_utf8(U"a×😀") == "a\xC3\x97\xF0\x9F\x98\x80");
}

TEST_CASE("utf8: each malformed byte becomes one replacement") {
  CHECK(decode_utf8("a\xFFz") == U"a\uFFFDz");
  CHECK(decode_utf8("\x80") == U"\uFFFD");
  CHECK(decode_utf8("\xE2\x96") == U"\uFFFD\uFFFD");                      // cut short
  CHECK(decode_utf8("\xC0\xAF") == U"\uFFFD\uFFFD");                      // overlong
  CHECK(decode_utf8("\xED\xA0\x80") == U"\uFFFD\uFFFD\uFFFD");            // surrogate
  CHECK(decode_utf8("\xF4\x90\x80\x80") == U"\uFFFD\uFFFD\uFFFD\uFFFD");  // above 10FFFF
  CHECK(decode_utf8("\xC3(") == U"\uFFFD(");
}

TEST_CASE("utf8: numbers that are no scalar value are replaced") {
  CHECK(encode_utf8(std::u32string{0xD800, 0x110000}) == "\xEF\xBF\xBD\xEF\xBF\xBD");
}
