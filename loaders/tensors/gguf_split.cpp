// A model in several files, as gguf-split and the gguf package write them: NAME-00001-of-00003.gguf
// and so on. Every part has the keys split.no (from 0), split.count and split.tensors.count (of all
// parts together); the first has all other metadata.
#include <fmt/format.h>

#include "loaders/io/embedded.h"
#include "loaders/tensors/gguf.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

std::string part_ending(int64_t no, int64_t count) {
  return fmt::format("-{:05}-of-{:05}.gguf", no + 1, count);
}

// The path of the first part without its ending, from the path of part `no`.
std::optional<std::string> stem_of(const std::string& path, int64_t no, int64_t count) {
  const std::string ending = part_ending(no, count);
  if (!path.ends_with(ending)) return {};
  return path.substr(0, path.size() - ending.size());
}

// A part's number, checked.
int64_t part_number(const GgufFile& part, int64_t count) {
  const int64_t no = part.integer("split.no");
  if (no >= 0 && no < count) return no;
  throw file_error("{}: split.no is {}, expected 0 to {}", part.path(), no, count - 1);
}

void check_part(const GgufFile& part, int64_t no, int64_t count) {
  const int64_t found_count = part.integer("split.count"), found = part_number(part, found_count);
  if (found_count == count && found == no) return;
  throw file_error("{}: part {} of {}, expected part {} of {}", part.path(), found + 1, found_count,
                   no + 1, count);
}

}  // namespace

GgufFile GgufFile::open(const std::filesystem::path& path) {
  GgufFile file = parse(std::make_shared<const MappedFile>(path));
  const int64_t count = file.integer("split.count", 1);
  if (count < 2) return file;
  const int64_t no = part_number(file, count);
  auto stem = stem_of(file.path_, no, count);
  // A link of another name stands for the part that it points to.
  std::error_code error;
  if (!stem) stem = stem_of(std::filesystem::canonical(path, error).string(), no, count);
  if (no != 0) {
    throw file_error("{}: part {} of {}: open the first{}", file.path_, no + 1, count,
                     stem ? ", " + *stem + part_ending(0, count) : "");
  }
  if (!stem) {
    throw file_error("{}: part 1 of {}, expected a name that ends in {}", file.path_, count,
                     part_ending(0, count));
  }
  for (int64_t i = 1; i < count; ++i) {
    const std::string name = *stem + part_ending(i, count);
    if (!is_file(name)) {
      throw file_error("{}: part {} of {} is missing, expected {}", file.path_, i + 1, count, name);
    }
    const GgufFile part = parse(std::make_shared<const MappedFile>(name));
    check_part(part, i, count);
    file.join(part);
  }
  const auto tensors = static_cast<int64_t>(file.tensors_.size());
  const int64_t expected = file.integer("split.tensors.count", tensors);
  if (tensors != expected) {
    throw file_error("{}: {} tensors in {} parts, expected split.tensors.count {}", file.path_,
                     tensors, count, expected);
  }
  return file;
}

void GgufFile::join(const GgufFile& part) {
  mappings_.insert(mappings_.end(), part.mappings_.begin(), part.mappings_.end());
  for (const HostTensor& tensor : part.tensors_) {
    if (!index_.emplace(tensor.name, tensors_.size()).second) {
      throw file_error("{}: the tensor {} is in an earlier part too", part.path_,
                       printable(tensor.name));
    }
    tensors_.push_back(tensor);
  }
}

}  // namespace yent
