#include "tools/again/recipe.h"

#include "kernels/error.h"
#include "loaders/image/jpeg_text.h"
#include "loaders/io/json.h"

namespace yent {
namespace {

constexpr const char* kKeyword = "yent";

const std::string* find_text(const PngText& texts, std::string_view keyword) {
  for (const auto& [key, text] : texts) {
    if (key == keyword) return &text;
  }
  return nullptr;
}

std::optional<std::string> text_or_null(const Json& value) {
  if (value.is_null()) return {};
  return value.get<std::string>();
}

Recipe parse_recipe(const std::string& text, const std::string& origin) {
  const Json j = parse_json(text, origin);
  Recipe r{.origin = origin};
  r.version = j.at("version").get<std::string>();
  r.device = j.at("device").get<std::string>();
  r.isa = j.at("isa").get<std::string>();
  r.arguments = j.at("arguments").get<std::vector<std::string>>();
  r.said = text_or_null(j["said"]);
  r.prompt = text_or_null(j["prompt"]);
  r.words = text_or_null(j["words"]).value_or("");
  r.mood = text_or_null(j["mood"]).value_or("");
  if (j.contains("temperature")) r.temperature = j.at("temperature").get<double>();
  for (const Json::Member& file : j.at("files").items()) {
    r.files.emplace_back(file.key, file.value.get<std::string>());
  }
  if (r.said.has_value() != r.prompt.has_value())
    throw file_error("expected a prompt beside words");
  return r;
}

// As a shell would need it.
std::string shell_word(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./,:+@%";
  if (!word.empty() && word.find_first_not_of(plain) == word.npos) return word;
  std::string quoted;
  for (char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return "'" + quoted + "'";
}

std::string command_of(const Recipe& recipe) {
  std::string command = "yent-run";
  for (const std::string& argument : recipe.arguments) command += " " + shell_word(argument);
  return recipe.said ? command + " " + shell_word(*recipe.said) : command;
}

}  // namespace

std::string recipe_text(const Recipe& r) {
  Json j = Json::object(), files = Json::object();
  j["version"] = r.version;
  j["device"] = r.device;
  j["isa"] = r.isa;
  j["arguments"] = Json(r.arguments);
  if (r.said) j["said"] = *r.said;
  if (r.prompt) j["prompt"] = *r.prompt;
  if (!r.words.empty()) j["words"] = r.words;
  if (!r.mood.empty()) {
    j["mood"] = r.mood;
    j["temperature"] = r.temperature;
  }
  for (const auto& [option, print] : r.files) files[option] = print;
  j["files"] = files;
  return j.dump();
}

Recipe read_recipe(const std::filesystem::path& picture) {
  const PngText texts = read_picture_text(picture);
  const std::string* text = find_text(texts, kKeyword);
  if (!text) {
    throw file_error("{}: it keeps nothing to paint it again by, expected a picture of yent",
                     picture.string());
  }
  try {
    return parse_recipe(*text, picture.string());
  } catch (const Error& wrong) {
    throw file_error("{}: what it keeps to be painted again is damaged: {}", picture.string(),
                     wrong.what());
  }
}

std::string kept_settings(const std::filesystem::path& picture) {
  const PngText texts = read_picture_text(picture);
  std::string all;
  for (const auto& [keyword, text] : texts) {
    if (keyword == kKeyword) continue;
    all += keyword == "parameters" ? text + "\n" : keyword + ": " + text + "\n";
  }
  if (find_text(texts, kKeyword)) {
    all += "Command: " + command_of(read_recipe(picture)) + "\n";
  }
  if (all.empty()) throw file_error("{}: no settings are kept in it", picture.string());
  return all;
}

}  // namespace yent
