#include "engine/yent/persona.h"

#include <fmt/ranges.h>

#include "engine/yent/words.h"
#include "kernels/error.h"
#include "loaders/io/json.h"

namespace yent {

extern const std::string_view yent_json;  // made from yent.json by cmake/EmbedFile.cmake

namespace {

using Strings = std::vector<std::string>;

// What the entries of a list of words stand for.
class Forms {
 public:
  explicit Forms(const Json& endings) {
    for (const auto& [name, list] : endings.items()) endings_[name] = list.get<Strings>();
  }

  // Folded, in order.
  Strings of(const std::string& entry) const {
    const size_t plus = entry.find('+');
    if (plus == std::string::npos) return {folded(entry)};
    const auto endings = endings_.find(entry.substr(plus + 1));
    if (endings == endings_.end()) throw file_error("\"{}\" names no endings", entry);
    Strings forms;
    for (const std::string& ending : endings->second) {
      forms.push_back(folded(entry.substr(0, plus) + ending));
    }
    return forms;
  }

  std::unordered_set<std::string> set(const Json& list) const {
    std::unordered_set<std::string> all;
    for (const std::string& entry : list.get<Strings>()) {
      for (std::string& form : of(entry)) all.insert(std::move(form));
    }
    return all;
  }

  static std::string folded(const std::string& word) {
    Strings words = folded_words(word);
    if (words.size() != 1) throw file_error("\"{}\" is {} words, expected one", word, words.size());
    return std::move(words.front());
  }

 private:
  std::map<std::string, Strings> endings_;
};

std::string joined_lines(const Json& list) {
  return fmt::format("{}", fmt::join(list.get<Strings>(), "\n"));
}

void demand(bool condition, const char* what) {
  if (!condition) throw file_error("expected {}", what);
}

std::string string_at(const Json& object, const char* key) {
  return object.at(key).get<std::string>();
}

Mood read_mood(const Json& entry, const Forms& forms) {
  Mood mood{string_at(entry, "name"), forms.set(entry.at("keywords")),
            entry.at("starters").get<Strings>(), entry.at("opposition").get<Strings>()};
  demand(!mood.starters.empty() && !mood.opposition.empty(),
         "at least one starter of both kinds in every mood");
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
  const Forms forms(root.at("endings"));
  for (const Json& entry : root.at("moods")) persona.moods.push_back(read_mood(entry, forms));
  demand(!persona.moods.empty() && persona.moods.back().keywords.empty(),
         "a last mood without keywords");
  persona.temperature = read_temperature(root.at("temperature"));
  persona.strong_words = forms.set(root.at("strong_words"));
  for (const auto& [name, list] : root.at("emotions").items()) {
    const std::string entry = Forms::folded(name);
    persona.emotions[entry] = entry;
    for (const std::string& form : forms.set(list)) persona.emotions.emplace(form, entry);
  }

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
