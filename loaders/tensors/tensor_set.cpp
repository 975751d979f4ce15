#include "loaders/tensors/tensor_set.h"

#include <algorithm>
#include <functional>

#include "kernels/error.h"
#include "loaders/io/placeholder.h"
#include "loaders/tensors/safetensors.h"
#include "loaders/tensors/shard_index.h"
#include "loaders/tensors/torch_file.h"

namespace yent {

const HostTensor* TensorSet::find(std::string_view name) const {
  const auto at =
      std::lower_bound(tensors.begin(), tensors.end(), name,
                       [](const HostTensor& t, std::string_view n) { return t.name < n; });
  return at != tensors.end() && at->name == name ? &*at : nullptr;
}

void release_from(std::span<const std::shared_ptr<const MappedFile>> files,
                  const HostTensor& tensor) {
  for (const auto& file : files) {
    const auto bytes = file->bytes();
    // std::less orders pointers into different objects too.
    const bool before = std::less<>{}(tensor.data, bytes.data());
    if (!before && std::less<>{}(tensor.data, bytes.data() + bytes.size())) {
      file->release(tensor.data, tensor.bytes);
      return;
    }
  }
}

void TensorSet::release(const HostTensor& tensor) const { release_from(files, tensor); }

TensorSet read_tensors(const std::filesystem::path& path) {
  if (path.extension() == ".json") return read_shards(path);
  return read_tensors(std::make_shared<const MappedFile>(path));
}

TensorSet read_tensors(const std::shared_ptr<const MappedFile>& file) {
  const std::string extension = file->path().extension().string(), path = file->path().string();
  const auto bytes = file->bytes();
  refuse_placeholder(bytes, file->path());
  const auto starts_with = [&](size_t at, std::string_view magic) {
    return bytes.size() >= at + magic.size() &&
           std::equal(magic.begin(), magic.end(), bytes.begin() + at,
                      [](char c, std::byte b) { return static_cast<std::byte>(c) == b; });
  };
  if (starts_with(8, "{")) return read_safetensors(file);
  if (starts_with(0, "PK") || starts_with(0, "\x80")) return read_torch(file);
  if (starts_with(0, "GGUF"))
    throw file_error("{}: a GGUF file, expected safetensors or torch", path);
  if (extension == ".safetensors") return read_safetensors(file);
  if (extension == ".ckpt" || extension == ".pt" || extension == ".pth" || extension == ".bin")
    return read_torch(file);
  throw file_error("{}: neither a safetensors file nor one of torch.save", path);
}

std::optional<int64_t> checked_count(std::span<const int64_t> dims) {
  int64_t total = 1;
  for (const int64_t d : dims) {
    if (d < 0 || __builtin_mul_overflow(total, d, &total)) return std::nullopt;
  }
  return total;
}

std::optional<size_t> checked_bytes(DType dtype, std::span<const int64_t> dims) {
  const std::optional<int64_t> count = checked_count(dims);
  size_t bytes = 0;
  if (!count || __builtin_mul_overflow(static_cast<size_t>(*count),
                                       static_cast<size_t>(block_bytes(dtype)), &bytes))
    return std::nullopt;
  return bytes;
}

void sort_by_name(TensorSet& set) {
  std::sort(set.tensors.begin(), set.tensors.end(),
            [](const HostTensor& a, const HostTensor& b) { return a.name < b.name; });
  const auto twice =
      std::adjacent_find(set.tensors.begin(), set.tensors.end(),
                         [](const HostTensor& a, const HostTensor& b) { return a.name == b.name; });
  if (twice != set.tensors.end())
    throw file_error("{}: {} occurs twice", set.path, printable(twice->name));
}

std::string dims_text(std::span<const int64_t> dims) {
  std::string text = "{";
  for (size_t i = 0; i < dims.size(); ++i) text += fmt::format("{}{}", i ? ", " : "", dims[i]);
  return text + "}";
}

std::string printable(std::string_view name) {
  constexpr size_t longest = 120;
  std::string text;
  for (const char c : name.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      text += fmt::format("\\x{:02x}", byte);
    } else {
      text += c;
    }
  }
  return name.size() > longest ? text + "..." : text;
}

}  // namespace yent
