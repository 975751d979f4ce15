// Emphasis in AUTOMATIC1111's grammar: which words of a prompt count more, and which count less.
//
//   (word) 1.1    (word:1.3)    [word] 1/1.1    \( \) \[ \] \\ are the characters themselves
//
// Brackets nest, and their factors multiply. A bracket that is never closed reaches to the end; one
// that was never opened is text. BREAK begins a new chunk.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace yent {

struct WeightedText {
  std::string text = {};
  double weight = 1;
  bool breaks = false;  // BREAK: a new chunk begins, and there is no text

  bool operator==(const WeightedText&) const = default;
};

// At least one piece; neighbours of one weight are one piece. Throws a usage error for a weight
// that is no finite number, and for brackets that are nested more than 256 deep.
std::vector<WeightedText> parse_emphasis(std::u32string_view text);

// Whether a word ends at `at`, or begins there.
bool at_word_edge(std::u32string_view text, size_t at);

}  // namespace yent
