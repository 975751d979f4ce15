#include "engine/yent/detail.h"

#include <algorithm>

#include "loaders/io/utf8.h"

namespace yent {
namespace {

constexpr size_t kShortest = 15;  // bytes; a mark before that does not end the detail
constexpr size_t kLongest = 512;  // bytes
constexpr char32_t kNoCharacter = 0xFFFD;

bool holds_a_break(std::string_view text) {
  for (const std::string_view mark : {"\n", "\"", "“", "”", "„", "«", "»"}) {
    if (text.find(mark) != std::string_view::npos) return true;
  }
  return false;
}

}  // namespace

bool Detail::take(std::string_view piece) {
  // The three bytes before the piece may hold the beginning of its first character.
  const size_t before = raw_.size();
  raw_ += piece;
  if (holds_a_break(std::string_view(raw_).substr(before - std::min<size_t>(before, 3)))) {
    raw_.resize(before);
    return false;
  }
  if (raw_.size() >= kLongest) {
    raw_.resize(kLongest);
    return false;
  }
  constexpr std::string_view ends = ".!,";
  return raw_.size() <= kShortest || ends.find(raw_.back()) == std::string_view::npos;
}

std::string Detail::text() const { return std::string(without_end_marks(presentable(raw_))); }

std::string presentable(std::string_view raw) {
  std::u32string points = decode_utf8(raw);  // a character cut off at the end decodes to U+FFFD
  std::erase(points, kNoCharacter);
  std::ranges::replace_if(
      points, [](char32_t c) { return c < U' ' || c == 0x7F; }, U' ');
  const size_t begin = points.find_first_not_of(U' ');
  if (begin == points.npos) return "";
  const size_t end = points.find_last_not_of(U' ') + 1;
  return encode_utf8(std::u32string_view(points).substr(begin, end - begin));
}

std::string_view without_end_marks(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \t\r\n.,;:!?") + 1);  // npos + 1 is 0
}

}  // namespace yent
