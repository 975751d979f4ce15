#include "engine/pipeline/style.h"

#include <fmt/ranges.h>

#include "engine/pipeline/assets.h"
#include "engine/yent/persona.h"
#include "kernels/error.h"
#include "loaders/io/embedded.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

Style style_of_file(const std::string& path) {
  if (is_folder(path)) return {"", LoraFile{path}};
  const std::map<std::string, std::string> metadata = read_tensors(path).metadata;
  const auto suffix = metadata.find("suffix");
  return {suffix == metadata.end() ? "" : suffix->second, LoraFile{path}};
}

}  // namespace

std::vector<std::string> style_names(const Persona& persona) {
  std::vector<std::string> names;
  for (const auto& [name, suffix] : persona.styles) names.push_back(name);
  return names;
}

Style find_style(const std::string& style, const std::filesystem::path& painter,
                 const Persona& persona) {
  if (style.find_first_of("/.") != std::string::npos) return style_of_file(style);
  const auto known = persona.styles.find(style);
  if (known == persona.styles.end()) {
    throw file_error("the style {} does not ship with yent, expected a file or one of {}",
                     printable(style), fmt::join(style_names(persona), ", "));
  }
  Style found{known->second};
  if (painter == find_shipped("default")) {
    const auto file = find_shipped("styles/" + style + ".safetensors");
    if (file) found.adapter = LoraFile{*file};
  }
  return found;
}

}  // namespace yent
