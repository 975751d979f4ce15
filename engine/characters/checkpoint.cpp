#include "engine/characters/checkpoint.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "engine/pipeline/assets.h"
#include "kernels/error.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/gguf.h"
#include "loaders/tensors/safetensors.h"
#include "loaders/tensors/write/gguf_writer.h"
#include "loaders/tensors/write/torch_writer.h"

namespace yent::character_diffusion {
namespace {

constexpr const char* kArchitecture = "char-diffusion";
constexpr const char* kHeadsKey = "char-diffusion.attention.head_count";
constexpr const char* kLengthKey = "char-diffusion.context_length";
constexpr int kMostHeads = 1024, kMostLength = 512;
constexpr const char* kStorageNames[] = {"f32", "f16", "bf16", "q8_0"};

DType dtype_of(Storage storage) {
  constexpr DType types[] = {DType::f32, DType::f16, DType::bf16, DType::q8_0};
  return types[static_cast<int>(storage)];
}

// The tensor as another type, in bytes that the set owns.
HostTensor converted(TensorSet& set, const HostTensor& t, DType dtype) {
  std::vector<float> values(t.count());
  to_f32(t, values.data());
  const size_t size = values.size() / block_elements(dtype) * block_bytes(dtype);
  auto& bytes = *set.owned.emplace_back(std::make_shared<std::vector<std::byte>>(size));
  const auto count = static_cast<int64_t>(values.size());
  if (dtype == DType::f16) {
    f32_to_f16(values.data(), count, bytes.data());
  } else if (dtype == DType::bf16) {
    f32_to_bf16(values.data(), count, bytes.data());
  } else if (dtype == DType::q8_0) {
    quantize_q8_0(values.data(), count, bytes.data());
  } else {
    std::memcpy(bytes.data(), values.data(), size);
  }
  return {.name = t.name, .dtype = dtype, .dims = t.dims, .data = bytes.data(), .bytes = size};
}

int in_metadata(const TensorSet& set, const char* key, int most) {
  const auto found = set.metadata.find(key);
  if (found == set.metadata.end()) return 0;
  const std::string& text = found->second;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 1 || value > most) {
    throw file_error("{}: {} is {}, expected 1 to {}", set.path, key, printable(text), most);
  }
  return value;
}

// Each type once, in the order of the tensors.
std::string types_of(std::span<const HostTensor> tensors) {
  std::vector<std::string> names;
  for (const HostTensor& t : tensors) {
    const std::string name = dtype_name(t.dtype);
    if (std::ranges::find(names, name) == names.end()) names.push_back(name);
  }
  return fmt::format("{}", fmt::join(names, " "));
}

CheckpointFile from_gguf(const std::filesystem::path& path) {
  const GgufFile file = GgufFile::open(path);
  const std::string architecture = file.text("general.architecture");
  if (architecture != kArchitecture) {
    throw file_error("{}: general.architecture is {}, expected {}", file.path(),
                     printable(architecture), kArchitecture);
  }
  const auto number = [&](const char* key, int64_t most) {
    const int64_t value = file.integer(key, 0);
    if (value < 0 || value > most) {
      throw file_error("{}: {} is {}, expected at most {}", file.path(), key, value, most);
    }
    return static_cast<int>(value);
  };
  CheckpointFile read{.tensors = {.path = file.path()},
                      .heads = number(kHeadsKey, kMostHeads),
                      .length = number(kLengthKey, kMostLength),
                      .stored = types_of(file.tensors())};
  for (const HostTensor& t : file.tensors()) {
    read.tensors.tensors.push_back(converted(read.tensors, t, DType::f32));
  }
  sort_by_name(read.tensors);
  return read;
}

bool is_gguf(const std::filesystem::path& path) {
  const MappedFile file(path);
  constexpr std::string_view magic = "GGUF";
  return file.bytes().size() >= magic.size() &&
         std::memcmp(file.bytes().data(), magic.data(), magic.size()) == 0;
}

// A file may hold anything; a weight is of floats.
void check_types(const TensorSet& set) {
  for (const HostTensor& t : set.tensors) {
    if (t.dtype == DType::f32 || t.dtype == DType::f16 || t.dtype == DType::bf16 ||
        t.dtype == DType::f64) {
      continue;
    }
    throw file_error("{}: {} is {}, expected floats", set.path, printable(t.name),
                     dtype_name(t.dtype));
  }
}

std::filesystem::path shipped_model() {
  if (const auto quantized = find_shipped("tiny-diffusion/model.gguf")) return *quantized;
  return shipped("tiny-diffusion/model.safetensors");
}

void write_gguf(const std::filesystem::path& path, const CheckpointFile& file,
                std::span<const HostTensor> tensors) {
  GgufWriter out(path);
  out.set_text("general.architecture", kArchitecture);
  if (file.heads > 0) out.set_u32(kHeadsKey, file.heads);
  if (file.length > 0) out.set_u32(kLengthKey, file.length);
  for (const HostTensor& t : tensors) out.declare(t.name, t.dtype, t.dims);
  for (const HostTensor& t : tensors) out.write({t.data, t.bytes});
  out.finish();
}

}  // namespace

Storage storage_named(const std::string& name) {
  const auto found = std::ranges::find(kStorageNames, name);
  if (found == std::end(kStorageNames)) {
    throw usage_error("the storage is {}, expected f32, f16, bf16 or q8_0", name);
  }
  return static_cast<Storage>(found - std::begin(kStorageNames));
}

CheckpointFile read_checkpoint(const std::filesystem::path& named) {
  const std::filesystem::path path = named == "default" ? shipped_model() : named;
  if (is_gguf(path)) return from_gguf(path);
  CheckpointFile read{.tensors = read_tensors(path)};
  check_types(read.tensors);
  read.stored = types_of(read.tensors.tensors);
  read.heads = in_metadata(read.tensors, "heads", kMostHeads);
  read.length = in_metadata(read.tensors, "length", kMostLength);
  return read;
}

void write_checkpoint(const std::filesystem::path& path, const CheckpointFile& file,
                      Storage storage) {
  const std::string ending = path.extension().string();
  const bool gguf = ending == ".gguf";
  if (!gguf && ending != ".safetensors" && ending != ".pt") {
    throw usage_error("{}: the ending is '{}', expected .safetensors, .pt or .gguf", path.string(),
                      ending);
  }
  if (storage == Storage::q8_0 && !gguf) {
    throw usage_error("{}: only .gguf keeps q8_0", path.string());
  }
  TensorSet set{.path = path.string()};
  const DType wanted = dtype_of(storage);
  for (const HostTensor& t : file.tensors.tensors) {
    const bool whole = !t.dims.empty() && t.dims.back() % block_elements(wanted) == 0;
    set.tensors.push_back(converted(set, t, whole ? wanted : DType::f32));
  }
  if (gguf) return write_gguf(path, file, set.tensors);
  if (ending == ".pt") return write_torch(path, set.tensors);
  std::map<std::string, std::string> metadata{{"format", "pt"}};
  if (file.heads > 0) metadata["heads"] = std::to_string(file.heads);
  if (file.length > 0) metadata["length"] = std::to_string(file.length);
  write_safetensors(path, set.tensors, metadata);
}

}  // namespace yent::character_diffusion
