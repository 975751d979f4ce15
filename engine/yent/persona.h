// Who Yent is, as data: moods and their starters, emotions, styles, the frames of his contexts.
// All of it is engine/yent/yent.json, compiled in; adding a mood or a starter is not programming.
//
// An entry of its lists of words is a word, or `stem+class`, which stands for the stem with each
// ending of that class under "endings". Only these forms count, never the mere beginning of a word.
// An ending that does not go with a stem makes a form that nobody says, which does no harm.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace yent {

struct Mood {
  std::string name;
  std::unordered_set<std::string> keywords;  // folded, every inflected form; none for the default
  std::vector<std::string> starters;         // at least one
  std::vector<std::string> opposition;       // at least one: starters that answer back
};

// The more boring you are, the more creative Yent gets.
struct TemperatureRule {
  double base = 0.8, lowest = 0.5, highest = 1.0;
  int few_words = 3;               // texts up to this length are short
  double few_words_step = 0.1;     // added for a short text
  double single_word_step = 0.05;  // added too for a single word
  double strong_word_step = -0.1;  // added once if there is any strong word
};

struct Suffix {
  std::string kind;
  std::string text;  // begins with a comma
};

struct Persona {
  std::vector<Mood> moods;  // in order of precedence; the last is the default, without keywords
  TemperatureRule temperature;
  std::unordered_set<std::string> strong_words;           // folded
  std::unordered_map<std::string, std::string> emotions;  // folded form -> its entry, a form too
  std::vector<Suffix> suffixes;                           // at least one
  std::map<std::string, std::string> styles;              // name of a shipped style -> its suffix
  std::string context;                 // holds {words} in quotation marks and ends with {starter}
  std::string roast_context;           // holds {words}
  std::vector<std::string> fallbacks;  // at least one: details for when the model says nothing
  std::string negative_prompt;
};

// Throws file_error naming `source` if the text is no JSON or breaks a rule in the
// comments above.
Persona parse_persona(std::string_view json, std::string_view source);

// The compiled-in tables. Parses them anew: keep the result.
Persona built_in_persona();

}  // namespace yent
