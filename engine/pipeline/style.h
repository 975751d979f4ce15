// Styles: words behind the prompt and, where one was trained, an adapter.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/pipeline/pipeline.h"

namespace yent {

struct Persona;

struct Style {
  std::string suffix;                    // begins with a comma, or is empty
  std::optional<LoraFile> adapter = {};  // for PaintRequest::loras
  bool operator==(const Style&) const = default;
};

// The names of the styles that ship, sorted.
std::vector<std::string> style_names(const Persona& persona);

// `style` is one of these names, or the path of an adapter whose metadata may have a `suffix`: a
// path has a dot or a slash. The adapters that ship are styles/NAME.safetensors; they fit the
// painter that ships, and for any other `painter` the suffix is all. Throws a file error for a name
// that is not known and for a file that cannot be read.
Style find_style(const std::string& style, const std::filesystem::path& painter,
                 const Persona& persona);

}  // namespace yent
