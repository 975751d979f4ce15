#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/ascii/attention_glyphs.h"
#include "loaders/io/utf8.h"

namespace yent {
namespace {

AsciiArt filled(int columns, int rows, char32_t glyph) {
  return {columns, rows, true,
          std::vector<AsciiCell>(static_cast<size_t>(columns) * rows,
                                 AsciiCell{glyph, {200, 0, 0}, {9, 9, 9}})};
}

// Highest at (x, y) of a picture 1 wide and 1 tall.
WordMap hill(const std::string& word, int width, int height, float x, float y) {
  WordMap map{word, width, height, {}};
  for (int row = 0; row < height; ++row) {
    for (int column = 0; column < width; ++column) {
      const float dx = (static_cast<float>(column) + 0.5f) / static_cast<float>(width) - x;
      const float dy = (static_cast<float>(row) + 0.5f) / static_cast<float>(height) - y;
      map.values.push_back(std::exp(-3 * (dx * dx + dy * dy)));
    }
  }
  return map;
}

// The runs of letters in the rows, with the cell where each begins.
std::vector<std::pair<std::string, size_t>> words_in(const AsciiArt& art) {
  std::vector<std::pair<std::string, size_t>> words;
  for (int row = 0; row < art.rows; ++row) {
    std::u32string run;
    for (int column = 0; column <= art.columns; ++column) {
      const char32_t c = column < art.columns ? art.at(column, row).glyph : U'#';
      if (c != U'#' && c != U'.' && c != U' ') {
        run.push_back(c);
        continue;
      }
      const size_t end = static_cast<size_t>(row) * art.columns + column;
      if (!run.empty()) words.emplace_back(encode_utf8(run), end - run.size());
      run.clear();
    }
  }
  return words;
}

// Of values in the cells' own resolution: which are among the highest quarter.
std::vector<bool> upper_quartile(const WordMap& map) {
  std::vector<float> sorted = map.values;
  std::ranges::sort(sorted);
  const float least = sorted[sorted.size() * 3 / 4];
  std::vector<bool> inside;
  for (const float value : map.values) inside.push_back(value >= least);
  return inside;
}

}  // namespace

TEST_CASE("attention_glyphs: whole words stand in the upper quartile of their attention") {
  for (const auto& [columns, rows] : {std::pair(100, 50), {40, 20}, {33, 7}}) {
    const std::vector<WordMap> maps{hill("ночь", columns, rows, 0.2f, 0.3f),
                                    hill("cat", columns, rows, 0.5f, 0.5f),
                                    hill("chair", columns, rows, 0.6f, 0.6f)};
    const AttentiveArt drawn =
        draw_by_attention(filled(columns, rows, U'#'), filled(columns, rows, U'.'), maps);
    REQUIRE(drawn.words.size() == 3);
    for (size_t i = 0; i < maps.size(); ++i) {
      const std::vector<bool> quartile = upper_quartile(maps[i]);
      int glyphs = 0, inside = 0;
      for (const auto& [word, first] : words_in(drawn.art)) {
        if (word != maps[i].word) continue;
        const auto length = static_cast<int>(decode_utf8(word).size());
        glyphs += length;
        for (int j = 0; j < length; ++j) inside += quartile[first + j];
      }
      CAPTURE(maps[i].word);
      CHECK(drawn.words[i].word == maps[i].word);
      CHECK(drawn.words[i].glyphs == glyphs);
      CHECK(std::abs(drawn.words[i].inside - inside) <= 2);  // equal values at the edge
      CHECK(glyphs > columns * rows / 40);
      CHECK(inside * 5 >= glyphs * 4);
    }
    for (const auto& [word, first] : words_in(drawn.art)) {  // none is broken
      CHECK((word == "ночь" || word == "cat" || word == "chair"));
    }
    CHECK(drawn.art.cells[0].ink == Rgb{200, 0, 0});
  }
}

TEST_CASE("attention_glyphs: cells are fine where there is much attention") {
  const WordMap map = hill("猫", 8, 8, 0.5f, 0.5f);  // which cannot be written
  const AttentiveArt drawn =
      draw_by_attention(filled(20, 10, U'#'), filled(20, 10, U'.'), {&map, 1});
  CHECK(drawn.words[0].glyphs == 0);
  CHECK(drawn.art.at(10, 5).glyph == U'#');
  CHECK(drawn.art.at(0, 0).glyph == U'.');
  const auto fine = std::ranges::count(drawn.art.cells, U'#', &AsciiCell::glyph);
  CHECK(fine >= 100);
  CHECK(fine <= 110);
}

TEST_CASE("attention_glyphs: without attention the art stays what it was") {
  const AsciiArt fine = filled(9, 4, U'#');
  CHECK(draw_by_attention(fine, filled(9, 4, U'.'), {}).art.cells == fine.cells);
  const std::vector<WordMap> maps{{"flat", 2, 1, {1, 1}}, hill("toolongforarow", 9, 4, 0.5f, 0.5f)};
  const AttentiveArt drawn = draw_by_attention(fine, fine, maps);
  CHECK(drawn.art.cells == fine.cells);
  CHECK(drawn.words[0].glyphs == 0);
  CHECK(drawn.words[1].glyphs == 0);
}

TEST_CASE("attention_glyphs: a coarser charset keeps its ends") {
  CHECK(coarser(U" .:-=+*#%@") == U" =@");
  CHECK(coarser(U" #") == U" #");
  CHECK(coarser(U"#") == U"#");
}

}  // namespace yent
