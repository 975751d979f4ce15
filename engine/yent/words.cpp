#include "engine/yent/words.h"

#include <algorithm>
#include <iterator>

#include "loaders/io/utf8.h"

namespace yent {
namespace {

struct Range {
  char32_t first, last;
};

// Beyond ASCII nearly everything is a letter, a digit or a mark; these are not.
constexpr Range kSeparators[] = {
    {0x80, 0xA9},     {0xAB, 0xB4},      {0xB6, 0xB9},     {0xBB, 0xBF},     {0xD7, 0xD7},
    {0xF7, 0xF7},     {0x2000, 0x206F},  {0x20A0, 0x2BFF}, {0x2E00, 0x303F}, {0xD800, 0xF8FF},
    {0xFE00, 0xFE6F}, {0xFF00, 0xFF0F},  {0xFF1A, 0xFF20}, {0xFF3B, 0xFF40}, {0xFF5B, 0xFF65},
    {0xFFF0, 0xFFFF}, {0x1F000, 0x1FBFF}};

bool in_word(char32_t c) {
  if (c < 0x80) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
  }
  return std::none_of(std::begin(kSeparators), std::end(kSeparators),
                      [c](Range r) { return c >= r.first && c <= r.last; });
}

bool is_apostrophe(char32_t c) { return c == '\'' || c == 0x2019; }

char32_t lower(char32_t c) {
  if (c >= 'A' && c <= 'Z') return c + 0x20;
  if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 0x20;
  if (c >= 0x410 && c <= 0x42F) return c + 0x20;  // А..Я
  if (c >= 0x400 && c <= 0x40F) return c + 0x50;  // Ѐ..Џ
  return c;
}

// Appends one code point, folded. Keyboards of Apple's file systems and some editors decompose й
// and ё into a letter and a mark, and Russian marks stress with an acute: hence the marks.
void append_folded(std::u32string& word, char32_t c) {
  constexpr char32_t breve = 0x306;
  if (c >= 0x300 && c <= 0x36F) {
    if (c == breve && !word.empty() && word.back() == U'и') word.back() = U'й';
    return;
  }
  c = lower(c);
  word.push_back(c == U'ё' ? U'е' : is_apostrophe(c) ? U'\'' : c);
}

std::string finished(std::u32string word) {
  constexpr std::u32string_view possessive = U"'s";
  if (word.ends_with(possessive)) word.resize(word.size() - possessive.size());
  return encode_utf8(word);
}

}  // namespace

std::vector<std::string> folded_words(std::string_view text) {
  const std::u32string points = decode_utf8(text);
  std::vector<std::string> words;
  std::u32string word;
  for (size_t i = 0; i < points.size(); ++i) {
    const bool joins = is_apostrophe(points[i]) && !word.empty() && i + 1 < points.size() &&
                       in_word(points[i + 1]);
    if (joins || in_word(points[i])) {
      append_folded(word, points[i]);
    } else if (!word.empty()) {
      words.push_back(finished(std::move(word)));
      word.clear();
    }
  }
  if (!word.empty()) words.push_back(finished(std::move(word)));
  return words;
}

}  // namespace yent
