// The named tensors of a checkpoint, whatever container they came in.
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/tensor.h"
#include "loaders/io/mapped_file.h"

namespace yent {

// Owns the bytes that its tensors point into: mapped files, and copies of the few tensors that no
// file holds densely. Moving and copying keep every address; copies share the bytes. Const
// functions may be called from several threads at once.
struct TensorSet {
  std::string path;                                  // named in error messages
  std::vector<HostTensor> tensors = {};              // sorted by name, names unique
  std::map<std::string, std::string> metadata = {};  // safetensors' __metadata__
  std::vector<std::shared_ptr<const MappedFile>> files = {};
  std::vector<std::shared_ptr<std::vector<std::byte>>> owned = {};

  // Null when there is no tensor of this name. Valid as long as the set.
  const HostTensor* find(std::string_view name) const;

  // A hint that this tensor's bytes are not needed again soon: its pages may leave memory, and are
  // read from the file again when they are touched. Tensors that are copies stay in memory.
  void release(const HostTensor& tensor) const;
};

// Opens a .safetensors file, a *.index.json with its shards, or a file of torch.save (.ckpt, .pt,
// .bin). The first bytes decide, then the extension. No tensor data is read. Throws a file error
// that names the path and, if one is at fault, the tensor. An index is told by its path alone.
TensorSet read_tensors(const std::filesystem::path& path);
TensorSet read_tensors(const std::shared_ptr<const MappedFile>& file);

// MappedFile::release of the tensor's bytes by the file that has them, if one has.
void release_from(std::span<const std::shared_ptr<const MappedFile>> files,
                  const HostTensor& tensor);

// Number of elements of a shape; nothing when a dim is negative or the product wraps int64.
std::optional<int64_t> checked_count(std::span<const int64_t> dims);
// Elements times the size of a plain type; nothing when either wraps.
std::optional<size_t> checked_bytes(DType dtype, std::span<const int64_t> dims);

// Sorts by name. Throws a file error when a name occurs twice.
void sort_by_name(TensorSet& set);

// For messages: "{320, 4, 3, 3}".
std::string dims_text(std::span<const int64_t> dims);
// For messages: a name from a file, without control bytes and at most 120 bytes long.
std::string printable(std::string_view name);

}  // namespace yent
