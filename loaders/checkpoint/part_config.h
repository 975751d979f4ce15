// What describes one network of a checkpoint.
#pragma once

#include <filesystem>
#include <string>

#include "loaders/io/json.h"

namespace yent {

// A part's config.json, and the name of its source for error messages. For a single file it is
// inferred from the tensors (loaders/checkpoint/ldm.h).
struct PartConfig {
  Json json;  // an object
  std::string where;
  std::string assumed = {};  // a sentence, where the file does not say what it needs to
};

// Throws a file error when the file is missing or holds no object.
PartConfig read_part_config(const std::filesystem::path& file);

}  // namespace yent
