#include "engine/text/prompt/schedules.h"

#include <vector>

#include "engine/text/prompt/emphasis.h"
#include "engine/text/unicode.h"
#include "kernels/error.h"
#include "loaders/io/utf8.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

// A bracket that is open.
struct Open {
  char32_t bracket;
  size_t at;
  size_t colon = 0;   // the last one directly in it; 0: none
  bool bars = false;  // whether "|" stands directly in it
};

bool is_digit(char32_t c) { return c >= '0' && c <= '9'; }

// A decimal number, with a sign, a point and an exponent if it likes, and spaces around it.
bool is_decimal(std::u32string_view text) {
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  const auto skip_sign = [&] {
    if (!text.empty() && (text[0] == '+' || text[0] == '-')) text.remove_prefix(1);
  };
  const auto skip_digits = [&] {
    const size_t before = text.size();
    while (!text.empty() && is_digit(text[0])) text.remove_prefix(1);
    return before != text.size();
  };
  skip_sign();
  bool digits = skip_digits();
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    digits |= skip_digits();
  }
  if (!digits) return false;
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    skip_sign();
    if (!skip_digits()) return false;
  }
  return text.empty();
}

void refuse(std::u32string_view schedule) {
  throw usage_error(
      "{} changes the prompt between steps, which is not built; write \\[ for the bracket itself",
      printable(encode_utf8(schedule)));
}

}  // namespace

void refuse_schedules(std::u32string_view text) {
  std::vector<Open> open;
  for (size_t i = 0; i < text.size(); ++i) {
    const char32_t c = text[i];
    if (c == '\\') {
      ++i;
    } else if (c == '(' || c == '[') {
      open.push_back({c, i});
    } else if (open.empty()) {
      continue;
    } else if (c == ':') {
      open.back().colon = i;
    } else if (c == '|') {
      open.back().bars = true;
    } else if ((c == ')' && open.back().bracket == '(') ||
               (c == ']' && open.back().bracket == '[')) {
      const Open& o = open.back();
      const bool timed = o.colon > 0 && is_decimal(text.substr(o.colon + 1, i - o.colon - 1));
      if (c == ']' && (o.bars || timed)) refuse(text.substr(o.at, i + 1 - o.at));
      open.pop_back();
    }
  }
}

void refuse_compositions(std::u32string_view text) {
  constexpr std::u32string_view word = U"AND";
  for (size_t at = text.find(word); at != text.npos; at = text.find(word, at + 1)) {
    if (at_word_edge(text, at) && at_word_edge(text, at + word.size())) {
      throw usage_error(
          "AND composes several prompts, which is not built; write it in small letters");
    }
  }
}

}  // namespace yent
