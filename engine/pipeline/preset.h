// Presets: how the people who use a model paint with it. They are data: those that ship are in
// weights/presets/presets.json, and a person's own file has the same form.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "loaders/image/image.h"

namespace yent {

struct PresetPrompt {
  std::string text;
  std::optional<std::string> negative = {};  // absent: the preset's
};

// What is absent stays as it is without a preset. Numbers and names are valid, texts have no
// control characters.
struct Preset {
  std::string name;
  std::string title;   // of its menu
  std::string prefix;  // what the model was trained to wait for, with the space behind it
  std::optional<std::string> negative = {};
  std::optional<std::string> sampler = {};
  std::optional<int> steps = {}, steps_offset = {};
  std::optional<double> guidance = {}, strength = {};
  std::optional<int> width = {}, height = {};
  std::optional<uint64_t> seed = {};
  std::optional<Resampling> resampling = {};
  std::vector<PresetPrompt> prompts = {};

  // The text with the prefix in front, if its word is nowhere in it; in any case of letters.
  std::string prefixed(const std::string& text) const;
};

// Those that ship, in the file's order. Nothing where the file is missing.
std::vector<std::string> preset_names();

// A name of those that ship; the path of a file with one preset; or FILE:NAME. A path has a dot or
// a slash. Throws a file error for an unknown name, and for a file that is missing or malformed: a
// field that no preset has is named with the one that is meant.
Preset find_preset(const std::string& preset);

// The presets of a file of this text; `where` begins the sentence of the file error.
std::vector<Preset> parse_presets(std::string_view text, const std::string& where);

}  // namespace yent
