// How byte-level vocabularies cut text into words before merging.
#pragma once

#include <span>
#include <vector>

#include "engine/text/characters.h"

namespace yent {

// The lengths, in characters, of the words that the text consists of, as this pattern finds them
// (the one that most byte-level GGUF files were trained with):
//   (?i:'s|'t|'re|'ve|'m|'ll|'d) | [^\r\n\p{L}\p{N}]?\p{L}+ | \p{N}{1,3} |
//   ?[^\s\p{L}\p{N}]+[\r\n]* | \s*[\r\n]+ | \s+(?!\S) | \s+
std::vector<size_t> byte_level_words(std::span<const Character> text);

}  // namespace yent
