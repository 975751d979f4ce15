#include "engine/yent/persona.h"

#include <nlohmann/json.hpp>

#include "engine/yent/words.h"
#include "kernels/error.h"

namespace yent {

extern const std::string_view yent_json;  // made from yent.json by cmake/EmbedFile.cmake

namespace {

using nlohmann::json;
using Strings = std::vector<std::string>;

std::unordered_set<std::string> folded_set(const json& list) {
  std::unordered_set<std::string> set;
  for (const std::string& entry : list.get<Strings>()) {
    const Strings words = folded_words(entry);
    if (words.size() != 1)
      throw file_error("\"{}\" is {} words, expected one", entry, words.size());
    set.insert(words.front());
  }
  return set;
}

std::string joined_lines(const json& list) {
  return fmt::format("{}", fmt::join(list.get<Strings>(), "\n"));
}

void demand(bool condition, const char* what) {
  if (!condition) throw file_error("expected {}", what);
}

Persona read(const json& root) {
  Persona persona;
  for (const json& entry : root.at("moods")) {
    persona.moods.push_back(
        {entry.at("name"), folded_set(entry.at("keywords")), entry.at("starters").get<Strings>()});
    demand(!persona.moods.back().starters.empty(), "at least one starter in every mood");
  }
  demand(!persona.moods.empty() && persona.moods.back().keywords.empty(),
         "a last mood without keywords");

  const json& rule = root.at("temperature");
  persona.temperature = {rule.at("base"),
                         rule.at("lowest"),
                         rule.at("highest"),
                         rule.at("few_words"),
                         rule.at("few_words_step"),
                         rule.at("single_word_step"),
                         rule.at("strong_word_step")};
  demand(persona.temperature.lowest <= persona.temperature.highest, "lowest <= highest");
  persona.strong_words = folded_set(root.at("strong_words"));

  for (const json& entry : root.at("suffixes")) {
    persona.suffixes.push_back({entry.at("kind"), entry.at("text")});
  }
  demand(!persona.suffixes.empty(), "at least one suffix");
  persona.styles = root.at("styles").get<std::map<std::string, std::string>>();

  persona.context = joined_lines(root.at("context"));
  demand(persona.context.find("\"{words}\"") != std::string::npos &&
             persona.context.ends_with(" {starter}"),
         "a context with \"{words}\" in quotation marks that ends with {starter}");
  persona.roast_context = joined_lines(root.at("roast_context"));
  demand(persona.roast_context.find("{words}") != std::string::npos, "{words} in roast_context");

  persona.fallbacks = root.at("fallbacks").get<Strings>();
  demand(!persona.fallbacks.empty(), "at least one fallback");
  persona.negative_prompt = root.at("negative_prompt");
  return persona;
}

}  // namespace

Persona parse_persona(std::string_view text, std::string_view source) {
  try {
    return read(json::parse(text));
  } catch (const json::exception& error) {
    throw file_error("{}: {}", source, error.what());
  } catch (const Error& error) {
    throw file_error("{}: {}", source, error.what());
  }
}

Persona built_in_persona() { return parse_persona(yent_json, "yent.json"); }

}  // namespace yent
