#include "loaders/checkpoint/part_config.h"

#include "kernels/error.h"

namespace yent {

PartConfig read_part_config(const std::filesystem::path& file) {
  PartConfig config{read_json(file), file.string()};
  if (!config.json.is_object()) throw file_error("{}: not a JSON object", config.where);
  return config;
}

}  // namespace yent
