// The words of a sentence that may stand for something to be seen.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace yent {

// Runs of letters as they stand in `text` (UTF-8), each word once whatever its case, in order.
// Without words of fewer than three letters and without those that only hold a sentence together:
// articles, pronouns, prepositions, auxiliary verbs and the like of English and Russian.
std::vector<std::string> content_words(std::string_view text);

}  // namespace yent
