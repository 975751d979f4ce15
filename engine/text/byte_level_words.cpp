#include "engine/text/byte_level_words.h"

#include <algorithm>
#include <string_view>

#include "engine/text/unicode.h"

namespace yent {

namespace {

using Text = std::span<const Character>;

bool is_newline(char32_t c) { return c == '\r' || c == '\n'; }
bool is_other(char32_t c) { return !is_space(c) && !is_letter(c) && !is_number(c); }

// The number of characters of one kind from `begin` on, at most `most`.
template <class Kind>
size_t run(Text text, size_t begin, Kind kind, size_t most = static_cast<size_t>(-1)) {
  size_t count = 0;
  while (count < most && begin + count < text.size() && kind(text[begin + count].code)) ++count;
  return count;
}

size_t contraction(Text text) {
  for (const std::u32string_view ending : {U"'s", U"'t", U"'re", U"'ve", U"'m", U"'ll", U"'d"}) {
    if (text.size() < ending.size()) continue;
    const bool same = std::equal(ending.begin(), ending.end(), text.begin(),
                                 [](char32_t wanted, const Character& found) {
                                   const bool upper = found.code >= 'A' && found.code <= 'Z';
                                   return wanted == (upper ? found.code + 32 : found.code);
                                 });
    if (same) return ending.size();
  }
  return 0;
}

// White space: up to its last newline; else all but the last before a word, which takes that one.
size_t spaces(Text text) {
  const size_t all = run(text, 0, is_space);
  for (size_t end = all; end > 0; --end) {
    if (is_newline(text[end - 1].code)) return end;
  }
  return all == text.size() || all == 1 ? all : all - 1;
}

size_t word_length(Text text) {
  if (const size_t length = contraction(text)) return length;
  const char32_t first = text[0].code;
  if (!is_letter(first) && !is_number(first) && !is_newline(first)) {
    if (const size_t letters = run(text, 1, is_letter)) return 1 + letters;
  }
  if (const size_t letters = run(text, 0, is_letter)) return letters;
  if (const size_t digits = run(text, 0, is_number, 3)) return digits;
  const size_t space = first == ' ' ? 1 : 0;
  if (const size_t others = run(text, space, is_other)) {
    return space + others + run(text, space + others, is_newline);
  }
  return spaces(text);
}

}  // namespace

std::vector<size_t> byte_level_words(Text text) {
  std::vector<size_t> lengths;
  while (!text.empty()) {
    lengths.push_back(word_length(text));
    text = text.subspan(lengths.back());
  }
  return lengths;
}

}  // namespace yent
