// Characters, the canonical form of drawings, and the sequence that the model reads.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "engine/ascii_writer/canonical.h"
#include "engine/ascii_writer/sequence.h"
#include "engine/ascii_writer/vocabulary.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"
#include "tests/support/hostile.h"

using namespace yent;
using namespace yent::art;

TEST_CASE("drawings: a character has one token, and back") {
  int characters = 0;
  for (char32_t c = 0; c < 0x11000; ++c) {
    const int32_t token = token_of(c);
    if (token == kUnknown) continue;
    ++characters;
    CHECK(character_of(token) == c);
  }
  CHECK(characters == 95 + 32 + 95 + 128);
  CHECK(token_of(U'A') == 65);
  CHECK(token_of(U'\u2588') == 136);
  CHECK(token_of(U'\u00e9') == 0xe9);
  CHECK(token_of(U'\u2500') == 256);
  CHECK(token_of(U'\u257f') == 383);
  for (const char32_t c : {U'\n', U'\u007f', U'\u0080', U'\u009f', U'\u00ad', U'\u2600'}) {
    CHECK(token_of(c) == kUnknown);
  }
  for (const int32_t token : {0, 9, 31, 127, 173, 384, -1}) CHECK(character_of(token) == 0);
}

TEST_CASE("drawings: styles and charsets are never empty, and mask the rest") {
  for (int style = 0; style < kStyles; ++style) {
    for (const std::string& name : charset_names()) {
      const TokenSet set = characters_of_style(style) & find_charset(name);
      CHECK(set.test(' '));
      for (int32_t token = 0; token < kVocabulary; ++token) {
        if (set.test(token)) CHECK(character_of(token) != 0);
      }
    }
  }
  CHECK(style_names().size() == kNamedStyles);
  CHECK(find_style("lettering") == kLettering);
  CHECK(characters_of_style(kLineArt) == find_charset("ascii"));
  CHECK(characters_of_style(kBlocks).count() == 33);
  CHECK_FALSE(find_charset("all").test(160));
  CHECK_THROWS_WITH(find_style("cubist"),
                    "the style is 'cubist', expected any, line, shaded, blocks, box, lettering, "
                    "one-liner, sketch");
}

TEST_CASE("drawings: the canonical form") {
  const auto form = [](std::string_view text) { return canonical(text, "cat.txt"); };
  CHECK(form("\r\n   /\\_/\\\r\n  ( o.o ) \r\n\r\n") == " /\\_/\\\n( o.o )\n");
  CHECK(form("\ta\n        b") == "a\nb\n");
  CHECK(form("x\ty") == "x       y\n");
  CHECK(form("\xEF\xBB\xBFx\n\n y\n \n") == "x\n\n y\n");
  CHECK(form("\u201cx\u2019\u00a0\u2014") == "\"x' -\n");
  CHECK(form("e\u0301") == "\u00e9\n");
  CHECK(form("\u2588\u257d") == "\u2588\u257d\n");
  const auto refused = [&](std::string_view text) { return test::refusal([&] { form(text); }); };
  CHECK(refused("a\n\xff") == "cat.txt: not valid UTF-8");
  CHECK(refused("a\n\u2603") == "cat.txt: line 2 has U+2603, which drawings do not have");
  CHECK(refused("a\rb") == "cat.txt: line 1 has U+000D, which drawings do not have");
  CHECK(refused("\x1b[31m") == "cat.txt: line 1 has U+001B, which drawings do not have");
  CHECK(refused(" \n\t\n") == "cat.txt: a drawing without a character");
  CHECK(refused(std::string(257, 'x')) ==
        "cat.txt: 257 columns by 1 rows, expected at most 256 by "
        "256");
}

TEST_CASE("drawings: encoded and decoded, random ones are what they were") {
  std::mt19937 random(23);
  for (int n = 0; n < 200; ++n) {
    std::u32string text;
    for (int i = 0; i < 60; ++i) {
      const char32_t c = character_of(static_cast<int32_t>(random() % kVocabulary));
      text += random() % 8 == 0 ? U'\n' : random() % 3 == 0 ? U' ' : c == 0 || c == 160 ? U'.' : c;
    }
    const std::string once = canonical(encode_utf8(text), "random");
    CHECK(canonical(once, "again") == once);
    const Drawing drawing = drawing_of(once);
    std::u32string decoded;
    for (const SequenceToken& t : sequence_tail(drawing, {})) {
      if (t.token == kEndOfLine) decoded += U'\n';
      if (t.token > 31) decoded += character_of(t.token);
    }
    CHECK(canonical(encode_utf8(decoded), "decoded") == once);
  }
}

TEST_CASE("drawings: the sequence, its places and the distances to the border") {
  const auto prompt = prompt_tokens("  a\t\n caf\u0065\u0301 \u2603 ");
  CHECK(prompt == std::vector<int32_t>{'a', ' ', 'c', 'a', 'f', 0xe9, ' ', kUnknown});
  CHECK(prompt_tokens(" \n ").empty());
  const Conditions sized{.width = 3, .height = 70, .style = kLineArt};
  const auto head = sequence_head(prompt, sized);
  CHECK(head.size() == 13);
  CHECK(head[1].width == 3);
  CHECK(head[2].height == 70);
  CHECK(head[3].style == kLineArt);
  CHECK(head[0].width == kNothing);
  CHECK(head.back().token == kGrid);
  CHECK(head.back().edge_column == kNothing);
  for (int i = 0; i < 13; ++i) CHECK((head[i].row == 0 && head[i].column == std::max(0, i - 4)));

  const auto tail = sequence_tail(drawing_of("ab\nabc\n"), {.width = 3, .height = 2});
  CHECK(tail.size() == 9);
  CHECK(tail[2].token == ' ');
  CHECK((tail[3].token == kEndOfLine && tail[3].column == 3 && tail[3].edge_column == 0));
  CHECK((tail[4].row == 2 && tail[4].column == 0 && tail[4].edge_column == 3));
  CHECK((tail[0].edge_row == 1 && tail[4].edge_row == 0));
  CHECK((tail[8].token == kEnd && tail[8].row == 3 && tail[8].column == 0));
  CHECK(grid_token('x', 1, 1, sized).edge_row == 64);
  CHECK(grid_token('x', 1, 1, {}).edge_column == 0);
}
