// The definition of a word, and of equal words, for moods, temperature and memory.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace yent {

// The words of `text` in order, split at Unicode word boundaries (UAX 29, with two liberties: a
// full stop always separates, and a possessive 's is dropped), folded for comparison: lower case
// for Latin-1 and Cyrillic, "ё" as "е", combining marks composed or removed.
std::vector<std::string> folded_words(std::string_view text);

}  // namespace yent
