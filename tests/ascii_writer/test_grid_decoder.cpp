// The rules of size, without a network: random choices among what is allowed.
#include <doctest/doctest.h>

#include <random>

#include "engine/ascii_writer/grid_decoder.h"
#include "kernels/error.h"

using namespace yent;
using namespace yent::art;

namespace {

int32_t any_of(const TokenSet& set, std::mt19937& random) {
  std::vector<int32_t> tokens;
  for (int32_t t = 0; t < kVocabulary; ++t) {
    if (set.test(t)) tokens.push_back(t);
  }
  REQUIRE(!tokens.empty());
  return tokens[random() % tokens.size()];
}

// What comes of random choices; the fed tokens are counted.
std::vector<std::u32string> random_drawing(const DrawingRules& rules, int room,
                                           std::mt19937& random, int* fed = nullptr) {
  GridDecoder decoder(rules, room);
  int tokens = 0;
  while (!decoder.done()) {
    const int32_t token = decoder.forced().value_or(any_of(decoder.allowed(), random));
    if (token != kEnd) ++tokens;
    decoder.accept(token);
  }
  if (fed) *fed = tokens;
  return decoder.rows();
}

}  // namespace

TEST_CASE("grid decoder: exact sizes are exact, limits hold, and all fits the sequence") {
  std::mt19937 random(5);
  const Limit limits[] = {Limit::free, Limit::at_most, Limit::exactly};
  for (int n = 0; n < 400; ++n) {
    DrawingRules rules{.width = {limits[random() % 3], 1 + static_cast<int>(random() % 20)},
                       .height = {limits[random() % 3], 1 + static_cast<int>(random() % 20)}};
    rules.characters = characters_of_style(static_cast<int>(random() % 7));
    const int room = 30 + static_cast<int>(random() % 500);
    int fed = 0;
    std::vector<std::u32string> rows;
    try {
      rows = random_drawing(rules, room, random, &fed);
    } catch (const Error& error) {
      CHECK(error.kind() == Error::usage);
      const int width = rules.width.limit == Limit::exactly ? rules.width.size : 1;
      const int height = rules.height.limit == Limit::exactly ? rules.height.size : 1;
      CHECK((width + 1) * height > room);
      continue;
    }
    CHECK(fed <= room);
    const auto height = static_cast<int>(rows.size());
    CHECK(height >= 1);
    CHECK(height <= rules.height.most());
    if (rules.height.limit == Limit::exactly) CHECK(height == rules.height.size);
    for (const std::u32string& row : rows) {
      CHECK(static_cast<int>(row.size()) <= rules.width.most());
      if (rules.width.limit == Limit::exactly) {
        CHECK(static_cast<int>(row.size()) == rules.width.size);
      }
      for (const char32_t c : row) CHECK(rules.characters.test(token_of(c)));
    }
  }
}

TEST_CASE("grid decoder: what may follow where") {
  const TokenSet cells = characters_of_style(kLineArt);
  const auto with = [&](std::initializer_list<int32_t> more) {
    TokenSet set = cells;
    for (const int32_t t : more) set.set(t);
    return set;
  };
  const auto rules = [&](Limit width, Limit height) {
    return DrawingRules{{width, 2}, {height, 2}, kLineArt, cells};
  };
  GridDecoder exact(rules(Limit::exactly, Limit::exactly), 6);
  CHECK((exact.allowed() == cells));
  exact.accept('a');
  exact.accept('b');
  CHECK((exact.forced() == kEndOfLine));
  const SequenceToken eol = exact.accept(kEndOfLine);
  CHECK((eol.row == 1 && eol.column == 2 && eol.edge_row == 1 && eol.edge_column == 0));
  CHECK((exact.allowed() == cells));
  for (const int32_t t : {int32_t{'c'}, int32_t{'d'}, int32_t{kEndOfLine}}) exact.accept(t);
  CHECK((exact.forced() == kEnd));
  const SequenceToken end = exact.accept(kEnd);
  CHECK((end.row == 3 && end.column == 0));
  CHECK(exact.done());
  CHECK((exact.rows() == std::vector<std::u32string>{U"ab", U"cd"}));

  GridDecoder most(rules(Limit::at_most, Limit::at_most), 6);
  CHECK((most.allowed() == with({kEndOfLine})));
  most.accept('a');
  most.accept(kEndOfLine);
  CHECK((most.allowed() == with({kEndOfLine, kEnd})));
  most.accept(kEnd);
  CHECK((most.rows() == std::vector<std::u32string>{U"a"}));

  GridDecoder free(rules(Limit::free, Limit::free), 600);
  for (int i = 0; i < 256; ++i) free.accept('x');
  CHECK((free.forced() == kEndOfLine));
  CHECK(free.accept(kEndOfLine).edge_column == 0);
  free.accept('y');
  free.accept(kEndOfLine);
  CHECK((free.allowed() == with({kEndOfLine, kEnd})));
  for (int i = 0; i < 100; ++i) free.accept(i == 99 ? int32_t{kEndOfLine} : 'z');
  CHECK((free.forced() == kEnd));  // another row of 256 might not fit

  CHECK_THROWS_WITH(GridDecoder(rules(Limit::exactly, Limit::exactly), 5),
                    "a drawing of 2 x 2 needs 6 tokens behind its prompt, expected at most 5");
}
