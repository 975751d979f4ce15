// GGUF, the file format of llama.cpp: typed metadata and a table of (block-quantized) tensors.
//
// Little endian. Magic "GGUF", u32 version (2 or 3), u64 tensor count, u64 key count; keys;
// tensor infos; data from the next multiple of `general.alignment` (32 when absent). Every
// number is checked before it is used. A damaged file is a file error of one sentence that names
// the file, the key or tensor, the value found and the value expected.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kernels/error.h"
#include "kernels/tensor.h"
#include "loaders/io/mapped_file.h"

namespace yent {

// Value types by their number in the file.
enum class GgufType : uint32_t {
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  f32,
  boolean,
  string,
  array,
  u64,
  i64,
  f64,
};

const char* gguf_type_name(GgufType type);

// A metadata value as it lies in the file, already checked. `bytes` is the number, the text
// of a string, or the `count` elements of an array (strings there keep their u64 lengths).
struct GgufValue {
  GgufType type = GgufType::u8;
  GgufType element = GgufType::u8;  // of an array
  uint64_t count = 1;
  std::span<const std::byte> bytes;
};

// An opened file. Copies share the mappings, into which tensors and values point; they live as long
// as the last copy. Const functions may be called from several threads at once.
class GgufFile {
 public:
  // The first part of a split model stands for all of them, which lie beside it. Another part is
  // refused, and so are a part that is missing and parts that contradict each other.
  static GgufFile open(const std::filesystem::path& path);
  // One file alone, whatever part it is.
  static GgufFile parse(const std::shared_ptr<const MappedFile>& file);

  const std::string& path() const { return path_; }
  // A hint that this tensor's bytes are not needed again soon (MappedFile::release).
  void release(const HostTensor& tensor) const;

  // Metadata. A key that is missing (where no fallback is given) or of the wrong kind is a
  // file error. Integers are accepted in any integer type that holds the value, floats in f32
  // and f64; the two are not mixed.
  using Metadata = std::map<std::string, GgufValue, std::less<>>;
  const Metadata& metadata() const { return metadata_; }
  bool has(std::string_view key) const { return metadata_.contains(key); }
  bool has_prefix(std::string_view prefix) const;

  int64_t integer(std::string_view key, std::optional<int64_t> fallback = {}) const;
  double number(std::string_view key, std::optional<double> fallback = {}) const;
  bool boolean(std::string_view key, std::optional<bool> fallback = {}) const;
  std::string text(std::string_view key, std::optional<std::string> fallback = {}) const;

  std::vector<int64_t> integers(std::string_view key) const;
  std::vector<float> numbers(std::string_view key) const;
  std::vector<std::string> texts(std::string_view key) const;

  // Tensors in the order of the file. Dims are outermost first: the matrix of y = W x is
  // {out, in}, a row being one run of `in` elements (whole blocks of them).
  const std::vector<HostTensor>& tensors() const { return tensors_; }
  const HostTensor* find(std::string_view name) const;  // null when there is none

 private:
  friend class GgufParser;

  void join(const GgufFile& part);
  const GgufValue* value(std::string_view key, bool required) const;
  const GgufValue& array(std::string_view key) const;
  Error wrong_kind(std::string_view key, const GgufValue& found, const char* expected) const;

  std::string path_;
  std::vector<std::shared_ptr<const MappedFile>> mappings_;  // of the parts
  Metadata metadata_;
  std::vector<HostTensor> tensors_;
  std::map<std::string, size_t, std::less<>> index_;
};

// The number of a tensor type in the file, and back; types that GGUF lacks, or that we do not
// read, have none.
std::optional<uint32_t> gguf_tensor_type(DType dtype);
std::optional<DType> gguf_dtype(uint32_t type);

}  // namespace yent
