#include "engine/yent/mood.h"

#include <algorithm>

#include "engine/yent/words.h"
#include "kernels/error.h"
#include "kernels/spelling.h"

namespace yent {
namespace {

bool any_in(const std::vector<std::string>& words, const std::unordered_set<std::string>& set) {
  return std::any_of(words.begin(), words.end(), [&](const auto& w) { return set.count(w) != 0; });
}

}  // namespace

const Mood& mood_of(std::string_view text, const Persona& persona) {
  const auto words = folded_words(text);
  for (const Mood& mood : persona.moods) {
    if (any_in(words, mood.keywords)) return mood;
  }
  return persona.moods.back();
}

const Mood& mood_named(std::string_view name, const Persona& persona) {
  std::vector<std::string> names;
  for (const Mood& mood : persona.moods) {
    if (mood.name == name) return mood;
    names.push_back(mood.name);
  }
  throw usage_error("mood {} is unknown, expected {}", name, one_of(name, names));
}

float reaction_temperature(std::string_view text, const Persona& persona, double base) {
  const TemperatureRule& rule = persona.temperature;
  const auto words = folded_words(text);
  double temperature = base;
  if (static_cast<int>(words.size()) <= rule.few_words) temperature += rule.few_words_step;
  if (words.size() <= 1) temperature += rule.single_word_step;
  if (any_in(words, persona.strong_words)) temperature += rule.strong_word_step;
  return static_cast<float>(std::clamp(temperature, rule.lowest, rule.highest));
}

}  // namespace yent
