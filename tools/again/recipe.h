// What a picture keeps beside AUTOMATIC1111's settings, so that it can be painted again to the
// byte: the options that shape it, Yent's words, and what it was painted with. JSON in a text chunk
// `yent` of a PNG, in the comment of a JPEG.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace yent {

struct Recipe {
  std::string origin = {};  // the picture's file
  std::string version = {}, device = {};
  std::string isa = {};                     // "any" where the policy gives the same bytes on all
  std::vector<std::string> arguments = {};  // --name or --name=value, without words
  // Of a reaction: what was said, and the prompt that Yent made of it. `words` are those that the
  // picture shows.
  std::optional<std::string> said = {}, prompt = {};
  std::string words = {}, mood = {};
  double temperature = 0;
  // An option that names files, and their fingerprint (loaders/io/fingerprint.h).
  std::vector<std::pair<std::string, std::string>> files = {};
};

std::string recipe_text(const Recipe& recipe);

// Throws a file error where the picture cannot be read, keeps none, or keeps a damaged one.
Recipe read_recipe(const std::filesystem::path& picture);

// The settings that a PNG or a JPEG keeps, for people: AUTOMATIC1111's lines, then the command line
// of yent-run. Throws a file error where there are none.
std::string kept_settings(const std::filesystem::path& picture);

}  // namespace yent
