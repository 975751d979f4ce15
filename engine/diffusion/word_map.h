// Where a word of a prompt drew a network's attention.
#pragma once

#include <string>
#include <vector>

namespace yent {

// Attention row by row, over the whole picture, in no particular unit: it compares places, not
// words.
struct WordMap {
  std::string word;
  int width = 0, height = 0;
  std::vector<float> values;
};

}  // namespace yent
