// How much a person's words differ from what was said before. A fresh input is met with heat, a
// repeated one coolly, and repeating yourself once more makes Yent restless.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "loaders/io/json.h"

namespace yent {

// A list of emotions: a form of a word, folded -> the entry that it belongs to. An entry is a form
// of itself.
using Emotions = std::unordered_map<std::string, std::string>;

// The memory of one conversation: a cloud of weighted words, the n-grams of the input before, and
// boredom. A value; not for two threads at once.
//
// A word of an input is what stands between white space, in lower case, without punctuation around
// it. Beyond 64 characters a word is cut, the cloud keeps the 20000 heaviest words, and of an
// input the first 10000 count.
class Dissonance {
 public:
  // From 0, the input before once more, to 1, nothing known. Evaluates the input and remembers it:
  // call it exactly once for each. An input without words is 1 and leaves no trace.
  double hear(std::string_view said, const Emotions& emotions);

  // How many inputs in a row had little to say.
  int64_t boredom() const { return boredom_; }

  // All of it, and back. `where` begins the sentence of the file error for anything else.
  Json state() const;
  static Dissonance restored(const Json& state, const std::string& where);

 private:
  void remember(const std::vector<std::string>& words);

  std::map<std::string, double> cloud_;
  std::set<std::string> ngrams_;  // words joined by spaces
  int64_t boredom_ = 0;
};

// The temperature of a reaction in a conversation. `base` is the persona's, or what was asked for.
float dissonant_temperature(double dissonance, double base);

}  // namespace yent
