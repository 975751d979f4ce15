#include "engine/yent/persona.h"

#include <fmt/ranges.h>

#include "engine/yent/words.h"
#include "kernels/error.h"
#include "loaders/io/json.h"

namespace yent {

extern const std::string_view yent_json;  // made from yent.json by cmake/EmbedFile.cmake

namespace {

using Strings = std::vector<std::string>;

std::unordered_set<std::string> folded_set(const Json& list) {
  std::unordered_set<std::string> set;
  for (const std::string& entry : list.get<Strings>()) {
    const Strings words = folded_words(entry);
    if (words.size() != 1)
      throw file_error("\"{}\" is {} words, expected one", entry, words.size());
    set.insert(words.front());
  }
  return set;
}

std::string joined_lines(const Json& list) {
  return fmt::format("{}", fmt::join(list.get<Strings>(), "\n"));
}

void demand(bool condition, const char* what) {
  if (!condition) throw file_error("expected {}", what);
}

std::string string_at(const Json& object, const char* key) {
  return object.at(key).get<std::string>();
}

Mood read_mood(const Json& entry) {
  Mood mood{string_at(entry, "name"), folded_set(entry.at("keywords")),
            entry.at("starters").get<Strings>()};
  demand(!mood.starters.empty(), "at least one starter in every mood");
  return mood;
}

TemperatureRule read_temperature(const Json& rule) {
  const auto number = [&](const char* key) { return rule.at(key).get<double>(); };
  const TemperatureRule read{.base = number("base"),
                             .lowest = number("lowest"),
                             .highest = number("highest"),
                             .few_words = rule.at("few_words").get<int>(),
                             .few_words_step = number("few_words_step"),
                             .single_word_step = number("single_word_step"),
                             .strong_word_step = number("strong_word_step")};
  demand(read.lowest <= read.highest, "lowest <= highest");
  return read;
}

Persona read(const Json& root) {
  Persona persona;
  for (const Json& entry : root.at("moods")) persona.moods.push_back(read_mood(entry));
  demand(!persona.moods.empty() && persona.moods.back().keywords.empty(),
         "a last mood without keywords");
  persona.temperature = read_temperature(root.at("temperature"));
  persona.strong_words = folded_set(root.at("strong_words"));

  for (const Json& entry : root.at("suffixes")) {
    persona.suffixes.push_back({string_at(entry, "kind"), string_at(entry, "text")});
  }
  demand(!persona.suffixes.empty(), "at least one suffix");
  demand(root.at("styles").is_object(), "an object of styles");
  for (const auto& [name, suffix] : root.at("styles").items()) {
    persona.styles[name] = suffix.get<std::string>();
  }

  persona.context = joined_lines(root.at("context"));
  demand(persona.context.find("\"{words}\"") != std::string::npos &&
             persona.context.ends_with(" {starter}"),
         "a context with \"{words}\" in quotation marks that ends with {starter}");
  persona.roast_context = joined_lines(root.at("roast_context"));
  demand(persona.roast_context.find("{words}") != std::string::npos, "{words} in roast_context");

  persona.fallbacks = root.at("fallbacks").get<Strings>();
  demand(!persona.fallbacks.empty(), "at least one fallback");
  persona.negative_prompt = string_at(root, "negative_prompt");
  return persona;
}

}  // namespace

Persona parse_persona(std::string_view text, std::string_view source) {
  const std::string name(source);
  const Json root = parse_json(text, name);
  try {
    return read(root);
  } catch (const Error& error) {
    throw file_error("{}: {}", name, error.what());
  }
}

Persona built_in_persona() { return parse_persona(yent_json, "yent.json"); }

}  // namespace yent
