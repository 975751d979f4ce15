// How Yent signs: a small drawing in characters beside his words.
#pragma once

#include <string>
#include <vector>

#include "tools/run.h"

namespace yent {

// Prints what Yent says. With --sign, in a terminal, a drawing of what the person spoke about, or
// else of what he says, stands to its left; where the model that draws is missing, a warning says
// so.
void print_words(Run& run, const std::string& said, const std::string& words);

// The words in lines to the right of the rows, which are padded; at most `columns` in all.
std::string beside(const std::vector<std::u32string>& rows, const std::string& words, int columns);

}  // namespace yent
