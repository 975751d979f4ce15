#include "loaders/tensors/shard_index.h"

#include "kernels/error.h"
#include "loaders/io/json.h"

namespace yent {
namespace {

// An index may only name files in its own folder.
bool is_plain_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos &&
         name.find('\\') == name.npos && name.find('\0') == name.npos;
}

}  // namespace

TensorSet read_shards(const std::filesystem::path& path) {
  TensorSet set = {.path = path.string()};
  const Json root = read_json(path);
  const Json& weight_map = root["weight_map"];
  if (!weight_map.is_object()) {
    throw file_error("{}: no \"weight_map\" object, expected an index of shards", set.path);
  }
  std::map<std::string, TensorSet> shards;
  for (const auto& [name, value] : weight_map.items()) {
    const std::string file = value.text() ? *value.text() : "";
    if (!is_plain_file_name(file)) {
      throw file_error("{}: {} is in {}, expected the name of a file beside the index", set.path,
                       printable(name), printable(value.dump()));
    }
    auto shard = shards.find(file);
    if (shard == shards.end()) {
      // As a file, since an index must not lead to another, or to itself.
      const auto mapped = std::make_shared<const MappedFile>(path.parent_path() / file);
      shard = shards.emplace(file, read_tensors(mapped)).first;
    }
    const HostTensor* tensor = shard->second.find(name);
    if (!tensor) {
      throw file_error("{}: {} is missing, {} names it", shard->second.path, printable(name),
                       set.path);
    }
    set.tensors.push_back(*tensor);
  }
  for (auto& [file, shard] : shards) {
    set.files.insert(set.files.end(), shard.files.begin(), shard.files.end());
    set.owned.insert(set.owned.end(), shard.owned.begin(), shard.owned.end());
    set.metadata.merge(shard.metadata);
  }
  sort_by_name(set);
  return set;
}

}  // namespace yent
