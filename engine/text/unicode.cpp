#include "engine/text/unicode.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <utility>

#include "engine/text/unicode_tables.h"

namespace yent {

namespace {

// The range that holds c, or null. `last` of every range lies before the next `first`.
template <class Range>
const Range* find_range(std::span<const Range> ranges, char32_t c) {
  const auto found = std::lower_bound(ranges.begin(), ranges.end(), c,
                                      [](const Range& r, char32_t key) { return r.last < key; });
  return found != ranges.end() && found->first <= c ? &*found : nullptr;
}

uint8_t combining_class(char32_t c) {
  const auto* range = find_range(unicode::combining_classes, c);
  return range ? range->value : 0;
}

// Hangul syllables are leading consonant, vowel and optional trailing consonant, in order.
constexpr char32_t syllables = 0xAC00, leads = 0x1100, vowels = 0x1161, trails = 0x11A7;
constexpr char32_t lead_count = 19, vowel_count = 21, trail_count = 28;

void decompose(char32_t c, std::u32string& out) {
  if (c >= syllables && c < syllables + lead_count * vowel_count * trail_count) {
    const char32_t index = c - syllables;
    out += leads + index / (vowel_count * trail_count);
    out += vowels + index / trail_count % vowel_count;
    if (index % trail_count != 0) out += trails + index % trail_count;
    return;
  }
  const auto& table = unicode::decompositions;
  const auto found = std::lower_bound(
      table.begin(), table.end(), c,
      [](const unicode::Decomposition& d, char32_t key) { return d.composed < key; });
  if (found == table.end() || found->composed != c) {
    out += c;
    return;
  }
  decompose(found->first, out);
  if (found->second != 0) decompose(found->second, out);
}

// The character composed of first + second, or 0.
char32_t compose(char32_t first, char32_t second) {
  if (first >= leads && first < leads + lead_count && second >= vowels &&
      second < vowels + vowel_count) {
    return syllables + ((first - leads) * vowel_count + (second - vowels)) * trail_count;
  }
  if (first >= syllables && first < syllables + lead_count * vowel_count * trail_count &&
      (first - syllables) % trail_count == 0 && second > trails && second < trails + trail_count) {
    return first + (second - trails);
  }
  static const auto pairs = [] {
    std::map<std::pair<char32_t, char32_t>, char32_t> made;
    for (const auto& d : unicode::decompositions) {
      if (d.composes) made[{d.first, d.second}] = d.composed;
    }
    return made;
  }();
  const auto found = pairs.find({first, second});
  return found == pairs.end() ? 0 : found->second;
}

// Marks after a starter go by rising combining class; equal classes keep their order.
void order_marks(std::u32string& text) {
  for (size_t i = 0; i < text.size();) {
    size_t end = i;
    while (end < text.size() && combining_class(text[end]) != 0) ++end;
    std::stable_sort(
        text.begin() + static_cast<ptrdiff_t>(i), text.begin() + static_cast<ptrdiff_t>(end),
        [](char32_t a, char32_t b) { return combining_class(a) < combining_class(b); });
    i = end + 1;
  }
}

}  // namespace

bool is_letter(char32_t c) { return find_range(unicode::letters, c) != nullptr; }
bool is_number(char32_t c) { return find_range(unicode::numbers, c) != nullptr; }
bool is_mark(char32_t c) { return find_range(unicode::marks, c) != nullptr; }
bool is_word(char32_t c) {
  return is_letter(c) || is_mark(c) || find_range(unicode::other_word, c) != nullptr;
}
bool is_space(char32_t c) { return find_range(unicode::spaces, c) != nullptr; }
bool fills_one_cell(char32_t c) { return find_range(unicode::one_cell, c) != nullptr; }

uint32_t character_kinds(char32_t c) {
  const auto in_steps = [&](std::span<const unicode::StepRange> ranges) {
    const auto* range = find_range(ranges, c);
    return range && (c - range->first) % range->step == 0;
  };
  if (is_letter(c)) {
    if (in_steps(unicode::lower)) return kLower;
    if (in_steps(unicode::upper)) return kUpper;
    if (find_range(unicode::title, c)) return kTitle;
    return find_range(unicode::modifiers, c) ? kModifier : kOtherLetter;
  }
  if (is_number(c)) return kNumber;
  if (is_mark(c)) return kMark;
  if (find_range(unicode::punctuation, c)) return kPunctuation;
  if (find_range(unicode::symbols, c)) return kSymbol;
  return is_space(c) ? static_cast<uint32_t>(kSpace) : 0;
}

std::u32string to_lower(std::u32string_view text) {
  std::u32string out;
  out.reserve(text.size());
  for (const char32_t c : text) {
    if (c == 0x130) {  // the only letter that becomes two: i and a dot above
      out += U"i\u0307";
      continue;
    }
    const auto* run = find_range(unicode::lower_runs, c);
    const bool has_lower = run && (c - run->first) % run->step == 0;
    out += has_lower ? static_cast<char32_t>(static_cast<int32_t>(c) + run->distance) : c;
  }
  return out;
}

std::u32string to_nfc(std::u32string_view text) {
  if (std::all_of(text.begin(), text.end(), [](char32_t c) { return c < 0x300; })) {
    return std::u32string(text);  // nothing below the first combining mark changes
  }
  std::u32string parts;
  for (const char32_t c : text) decompose(c, parts);
  order_marks(parts);

  std::u32string out;
  size_t starter = std::u32string::npos;  // where in `out` the last character of class 0 is
  int last_class = -1;                    // of what stands behind that starter; -1: nothing
  for (const char32_t c : parts) {
    const int own_class = combining_class(c);
    // A mark reaches its starter unless one of its own class or above stands between.
    if (starter != std::u32string::npos && last_class < own_class) {
      if (const char32_t made = compose(out[starter], c)) {
        out[starter] = made;
        continue;
      }
    }
    if (own_class == 0) {
      starter = out.size();
      last_class = -1;
    } else {
      last_class = own_class;
    }
    out += c;
  }
  return out;
}

}  // namespace yent
