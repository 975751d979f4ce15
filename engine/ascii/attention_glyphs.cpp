#include "engine/ascii/attention_glyphs.h"

#include <algorithm>
#include <cmath>

#include "engine/ascii/charset.h"
#include "engine/ascii/font.h"
#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"

namespace yent {
namespace {

constexpr float kQuartile = 0.75f;
constexpr int kInside = 4, kOf = 5;  // letters of a word in its quartile, at least

// For each cell its share of cells with less of a quantity, in [0, 1).
using Ranks = std::vector<float>;

Ranks ranks_of(const std::vector<float>& values) {
  std::vector<float> sorted = values;
  std::ranges::sort(sorted);
  Ranks ranks(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const auto less = std::ranges::lower_bound(sorted, values[i]) - sorted.begin();
    ranks[i] = static_cast<float>(less) / static_cast<float>(values.size());
  }
  return ranks;
}

// A map under the middle of each cell, bilinear.
std::vector<float> sample(const WordMap& map, int columns, int rows) {
  const auto position = [](int cell, int cells, int pixels) {
    const float middle =
        (static_cast<float>(cell) + 0.5f) * static_cast<float>(pixels) / static_cast<float>(cells);
    return std::clamp(middle - 0.5f, 0.0f, static_cast<float>(pixels - 1));
  };
  const auto at = [&](int x, int y) {
    return map.values[static_cast<size_t>(std::min(y, map.height - 1)) * map.width +
                      std::min(x, map.width - 1)];
  };
  std::vector<float> values;
  for (int row = 0; row < rows; ++row) {
    const float y = position(row, rows, map.height);
    const int y0 = static_cast<int>(y);
    for (int column = 0; column < columns; ++column) {
      const float x = position(column, columns, map.width);
      const int x0 = static_cast<int>(x);
      const float top = std::lerp(at(x0, y0), at(x0 + 1, y0), x - static_cast<float>(x0));
      const float bottom =
          std::lerp(at(x0, y0 + 1), at(x0 + 1, y0 + 1), x - static_cast<float>(x0));
      values.push_back(std::lerp(top, bottom, y - static_cast<float>(y0)));
    }
  }
  return values;
}

// A word that can be written, and how its attention ranks the cells.
struct Candidate {
  std::u32string letters;
  Ranks ranks;
  PlacedWord* report;

  int length() const { return static_cast<int>(letters.size()); }
  int inside(size_t first_cell) const {
    int count = 0;
    for (int i = 0; i < length(); ++i) count += ranks[first_cell + i] >= kQuartile;
    return count;
  }
  float above_quartile(size_t first_cell) const {
    float sum = 0;
    for (int i = 0; i < length(); ++i) sum += ranks[first_cell + i] - kQuartile;
    return sum;
  }
};

std::u32string writable(const std::string& word) {
  std::u32string letters = decode_utf8(word);
  std::erase_if(letters, [](char32_t c) { return !has_glyph(c); });
  return letters;
}

// The best words of a row: by dynamic programming, the greatest sum up to each column, and the word
// that ends there.
class RowOfWords {
 public:
  RowOfWords(const std::vector<Candidate>& words, size_t first_cell, int columns)
      : best_(columns + 1), ends_(columns + 1) {
    for (int end = 1; end <= columns; ++end) {
      best_[end] = best_[end - 1];
      for (const Candidate& word : words) try_word(word, first_cell, end);
    }
  }

  // Calls place(word, first column) from right to left.
  template <class Place>
  void visit(Place place) const {
    for (int end = static_cast<int>(ends_.size()) - 1; end > 0;) {
      if (!ends_[end]) {
        --end;
        continue;
      }
      const int begin = end - ends_[end]->length();
      place(*ends_[end], begin);
      end = std::max(0, begin - 1);
    }
  }

 private:
  void try_word(const Candidate& word, size_t first_cell, int end) {
    const int begin = end - word.length();
    if (begin < 0 || word.inside(first_cell + begin) * kOf < word.length() * kInside) return;
    // A cell stays free between two words.
    const float sum = word.above_quartile(first_cell + begin) + best_[std::max(0, begin - 1)];
    if (sum <= best_[end]) return;
    best_[end] = sum;
    ends_[end] = &word;
  }

  std::vector<float> best_;
  std::vector<const Candidate*> ends_;
};

void write_words(AsciiArt& art, const std::vector<Candidate>& words) {
  for (int row = 0; row < art.rows; ++row) {
    const size_t first_cell = static_cast<size_t>(row) * art.columns;
    AsciiCell* cells = &art.cells[first_cell];
    int right = -1;  // where the word to the right begins
    RowOfWords(words, first_cell, art.columns).visit([&](const Candidate& word, int begin) {
      for (int i = 0; i < word.length(); ++i) cells[begin + i].glyph = word.letters[i];
      if (begin + word.length() + 1 == right) cells[right - 1].glyph = U' ';
      right = begin;
      word.report->glyphs += word.length();
      word.report->inside += word.inside(first_cell + begin);
    });
  }
}

}  // namespace

AttentiveArt draw_by_attention(const AsciiArt& fine, const AsciiArt& coarse,
                               std::span<const WordMap> maps) {
  ENSURE(fine.columns == coarse.columns && fine.rows == coarse.rows,
         "draw_by_attention: {}x{} fine and {}x{} coarse cells", fine.columns, fine.rows,
         coarse.columns, coarse.rows);
  AttentiveArt drawn{fine, {}};
  std::vector<float> total(fine.cells.size());
  std::vector<Candidate> words;
  for (const WordMap& map : maps) drawn.words.push_back({map.word});
  for (size_t i = 0; i < maps.size(); ++i) {
    const Ranks ranks = ranks_of(sample(maps[i], fine.columns, fine.rows));
    for (size_t cell = 0; cell < total.size(); ++cell) total[cell] += ranks[cell];
    const std::u32string letters = writable(maps[i].word);
    if (!letters.empty()) words.push_back({letters, ranks, &drawn.words[i]});
  }
  const Ranks attention = ranks_of(total);
  for (size_t cell = 0; cell < total.size() && !maps.empty(); ++cell) {
    if (attention[cell] < 0.5f) drawn.art.cells[cell] = coarse.cells[cell];
  }
  write_words(drawn.art, words);
  return drawn;
}

AttentiveArt draw_by_attention(const Image& image, const AsciiOptions& options,
                               std::span<const WordMap> maps) {
  AsciiOptions fine = options, coarse = options;
  fine.glyphs = GlyphChoice::shape;
  fine.charset = printable_ascii();
  std::erase_if(fine.charset, [](char32_t c) { return is_letter(c) || is_number(c); });
  coarse.glyphs = GlyphChoice::level;
  coarse.charset = coarser(options.charset);
  return draw_by_attention(draw_ascii(image, fine), draw_ascii(image, coarse), maps);
}

std::u32string coarser(const std::u32string& charset) {
  const size_t levels = std::max<size_t>(2, charset.size() / 3);
  if (levels >= charset.size()) return charset;
  std::u32string kept;
  for (size_t i = 0; i < levels; ++i) {
    kept.push_back(charset[i * (charset.size() - 1) / (levels - 1)]);
  }
  return kept;
}

}  // namespace yent
