#include "engine/yent/context.h"

#include "loaders/io/utf8.h"

namespace yent {
namespace {

std::string on_one_line(std::string_view words) {
  std::u32string line;
  for (const char32_t c : decode_utf8(words)) {
    const bool blank = c <= U' ' || (c >= 0x7F && c <= 0xA0) || c == 0x2028 || c == 0x2029;
    if (!blank) {
      line.push_back(c);
    } else if (!line.empty() && line.back() != U' ') {
      line.push_back(U' ');
    }
  }
  if (!line.empty() && line.back() == U' ') line.pop_back();
  return encode_utf8(line);
}

bool inside_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// The end is kept, because a long speech makes its point there.
std::string last_part(const std::string& line, size_t longest) {
  if (line.size() <= longest) return line;
  size_t begin = line.size() - longest;
  const size_t space = line.find(' ', begin - 1);
  if (space != std::string::npos) return line.substr(space + 1);
  while (begin < line.size() && inside_code_point(line[begin])) ++begin;
  return line.substr(begin);
}

}  // namespace

std::string fill_context(std::string_view form, std::string_view words, std::string_view starter,
                         size_t longest) {
  constexpr std::string_view words_slot = "{words}", starter_slot = "{starter}";
  std::string text;
  while (!form.empty()) {
    if (form.starts_with(words_slot)) {
      text += last_part(on_one_line(words), longest);
      form.remove_prefix(words_slot.size());
    } else if (form.starts_with(starter_slot)) {
      text += starter;
      form.remove_prefix(starter_slot.size());
    } else {
      text += form.front();
      form.remove_prefix(1);
    }
  }
  return text;
}

}  // namespace yent
