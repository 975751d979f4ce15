#include "loaders/tensors/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "kernels/error.h"
#include "loaders/io/json_file.h"

namespace yent {

using nlohmann::json;

namespace {

static_assert(std::endian::native == std::endian::little, "the files are, and are read in place");

constexpr uint64_t max_header_bytes = 100'000'000;  // the reference implementation's limit

constexpr std::pair<const char*, DType> dtypes[] = {
    {"F64", DType::f64}, {"F32", DType::f32},      {"F16", DType::f16}, {"BF16", DType::bf16},
    {"I64", DType::i64}, {"I32", DType::i32},      {"I16", DType::i16}, {"I8", DType::i8},
    {"U8", DType::u8},   {"BOOL", DType::boolean},
};

// A tensor and where its bytes lie in the data.
struct Entry {
  HostTensor tensor;
  uint64_t begin = 0, end = 0;
};

// A non-negative integer, spelled as one: no sign, no fraction, no exponent.
std::optional<uint64_t> natural(const json& value) {
  if (!value.is_number_unsigned()) return std::nullopt;
  return value.get<uint64_t>();
}

DType dtype_of(const json& entry, const std::string& where) {
  const std::string name = get_string(entry, "dtype", std::nullopt, where);
  for (const auto& [known, dtype] : dtypes) {
    if (name == known) return dtype;
  }
  throw file_error("{}: dtype {} is not supported", where, printable(name));
}

std::vector<int64_t> dims_of(const json& entry, const std::string& where) {
  const auto shape = entry.find("shape");
  if (shape == entry.end() || !shape->is_array()) {
    throw file_error("{}: no shape, expected a list of dims", where);
  }
  std::vector<int64_t> dims;
  for (const json& dim : *shape) {
    const std::optional<uint64_t> d = natural(dim);
    if (!d || *d > static_cast<uint64_t>(INT64_MAX)) {
      throw file_error("{}: dim {} is {}, expected a natural number", where, dims.size(),
                       printable(dim.dump()));
    }
    dims.push_back(static_cast<int64_t>(*d));
  }
  return dims;
}

Entry parse_entry(const std::string& name, const json& entry, const std::string& path) {
  const std::string where = fmt::format("{}: {}", path, printable(name));
  if (!entry.is_object()) {
    throw file_error("{} is a JSON {}, expected an object", where, entry.type_name());
  }
  Entry parsed = {.tensor = {.name = name, .dtype = dtype_of(entry, where)}};
  parsed.tensor.dims = dims_of(entry, where);

  const auto offsets = entry.find("data_offsets");
  const bool pair = offsets != entry.end() && offsets->is_array() && offsets->size() == 2;
  const auto begin = pair ? natural((*offsets)[0]) : std::nullopt;
  const auto end = pair ? natural((*offsets)[1]) : std::nullopt;
  if (!begin || !end) {
    throw file_error("{}: data_offsets are not two natural numbers", where);
  }
  const auto bytes = checked_bytes(parsed.tensor.dtype, parsed.tensor.dims);
  if (!bytes) {
    throw file_error("{}: {} is too large a shape", where, dims_text(parsed.tensor.dims));
  }
  if (*begin > *end || *end - *begin != *bytes) {
    throw file_error("{}: data_offsets are {} to {}, expected {} bytes for {} {}", where, *begin,
                     *end, *bytes, dims_text(parsed.tensor.dims), dtype_name(parsed.tensor.dtype));
  }
  parsed.tensor.bytes = *bytes;
  parsed.begin = *begin;
  parsed.end = *end;
  return parsed;
}

std::map<std::string, std::string> parse_metadata(const json& entry, const std::string& path) {
  const auto is_string = [](const json& value) { return value.is_string(); };
  if (!entry.is_object() || !std::all_of(entry.begin(), entry.end(), is_string)) {
    throw file_error("{}: __metadata__ is not an object of strings", path);
  }
  return entry.get<std::map<std::string, std::string>>();
}

// In the order of their bytes the tensors must follow each other from 0 to the end of the data.
void check_cover(std::vector<Entry>& entries, uint64_t data_bytes, const std::string& path) {
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  uint64_t end = 0;
  for (const Entry& entry : entries) {
    if (entry.begin != end) {
      throw file_error("{}: {} begins at byte {} of the data, expected {}", path,
                       printable(entry.tensor.name), entry.begin, end);
    }
    end = entry.end;
  }
  if (end != data_bytes) {
    throw file_error("{}: {} bytes of data, expected {} for its tensors", path, data_bytes, end);
  }
}

// What the index may name: a file of the index's own folder.
bool is_plain_file_name(const std::string& name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == name.npos &&
         name.find('\\') == name.npos && name.find('\0') == name.npos;
}

}  // namespace

TensorSet read_safetensors(const std::filesystem::path& path) {
  TensorSet set = {.path = path.string()};
  const auto file = std::make_shared<const MappedFile>(path);
  const auto bytes = file->bytes();
  uint64_t header_bytes = 0;
  if (bytes.size() < sizeof header_bytes) {
    throw file_error("{}: {} bytes, expected a safetensors file", set.path, bytes.size());
  }
  std::memcpy(&header_bytes, bytes.data(), sizeof header_bytes);
  const auto rest = bytes.subspan(sizeof header_bytes);
  if (header_bytes == 0 || header_bytes > max_header_bytes || header_bytes > rest.size()) {
    throw file_error("{}: a safetensors header of {} bytes, expected 1 to {}", set.path,
                     header_bytes, std::min<uint64_t>(max_header_bytes, rest.size()));
  }
  const std::string_view header(reinterpret_cast<const char*>(rest.data()), header_bytes);
  if (header[0] != '{') {
    throw file_error("{}: the safetensors header is not a JSON object", set.path);
  }
  const json root = parse_json(header, set.path + ": safetensors header");
  const auto data = rest.subspan(header_bytes);

  std::vector<Entry> entries;
  for (const auto& [name, value] : root.items()) {
    if (name == "__metadata__") {
      set.metadata = parse_metadata(value, set.path);
    } else {
      entries.push_back(parse_entry(name, value, set.path));
    }
  }
  check_cover(entries, data.size(), set.path);
  for (Entry& entry : entries) {
    entry.tensor.data = data.data() + entry.begin;
    set.tensors.push_back(std::move(entry.tensor));
  }
  set.files.push_back(file);
  sort_by_name(set);
  return set;
}

TensorSet read_safetensors_index(const std::filesystem::path& path) {
  TensorSet set = {.path = path.string()};
  const json root = read_json(path);
  const auto weight_map = root.is_object() ? root.find("weight_map") : root.end();
  if (weight_map == root.end() || !weight_map->is_object()) {
    throw file_error("{}: no \"weight_map\" object, expected a safetensors index", set.path);
  }
  std::map<std::string, TensorSet> shards;
  for (const auto& [name, value] : weight_map->items()) {
    const std::string file = value.is_string() ? value.get<std::string>() : "";
    if (!is_plain_file_name(file)) {
      throw file_error("{}: {} is in {}, expected the name of a file beside the index", set.path,
                       printable(name), printable(value.dump()));
    }
    auto shard = shards.find(file);
    if (shard == shards.end()) {
      shard = shards.emplace(file, read_safetensors(path.parent_path() / file)).first;
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
    set.metadata.merge(shard.metadata);
  }
  sort_by_name(set);
  return set;
}

namespace {

const char* safetensors_dtype(const HostTensor& tensor) {
  for (const auto& [name, dtype] : dtypes) {
    if (dtype == tensor.dtype) return name;
  }
  ENSURE(false, "{}: safetensors cannot hold {}", tensor.name, dtype_name(tensor.dtype));
}

// A stream to a file that takes its name when it is whole and leaves nothing behind otherwise.
class WholeFile {
 public:
  explicit WholeFile(const std::filesystem::path& path)
      : path_(path), partial_(path.string() + ".part"), out_(partial_, std::ios::binary) {
    check();
  }
  WholeFile(const WholeFile&) = delete;
  WholeFile& operator=(const WholeFile&) = delete;
  ~WholeFile() {
    if (!out_.is_open()) return;
    out_.close();
    std::error_code ignored;
    std::filesystem::remove(partial_, ignored);
  }

  void write(std::span<const std::byte> bytes) {
    out_.write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    check();
  }

  void finish() {
    out_.flush();
    check();
    std::error_code failure;
    std::filesystem::rename(partial_, path_, failure);
    if (failure) throw run_error("{}: {}", path_.string(), failure.message());
    out_.close();
  }

 private:
  void check() {
    if (!out_) throw run_error("{}: cannot be written", path_.string());
  }

  std::filesystem::path path_, partial_;
  std::ofstream out_;
};

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const HostTensor> tensors,
                       const std::map<std::string, std::string>& metadata, const FillTensor& fill) {
  std::vector<const HostTensor*> order;
  for (const HostTensor& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const HostTensor* a, const HostTensor* b) {
    const int width = block_bytes(a->dtype), other = block_bytes(b->dtype);
    return width != other ? width > other : a->name < b->name;
  });

  json header = json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::vector<size_t> sizes;
  uint64_t end = 0;
  for (const HostTensor* tensor : order) {
    const std::optional<size_t> bytes = checked_bytes(tensor->dtype, tensor->dims);
    ENSURE(bytes && !header.contains(tensor->name), "{}: {} {}", path.string(), tensor->name,
           dims_text(tensor->dims));
    header[tensor->name] = {{"dtype", safetensors_dtype(*tensor)},
                            {"shape", tensor->dims},
                            {"data_offsets", {end, end + *bytes}}};
    sizes.push_back(*bytes);
    end += *bytes;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8

  WholeFile file(path);
  const uint64_t header_bytes = text.size();
  file.write(std::as_bytes(std::span(&header_bytes, 1)));
  file.write(std::as_bytes(std::span(text)));
  std::vector<std::byte> buffer;
  for (size_t i = 0; i < order.size(); ++i) {
    if (order[i]->data || sizes[i] == 0) {
      file.write({order[i]->data, sizes[i]});
      continue;
    }
    ENSURE(fill, "{}: no data and nobody to ask", order[i]->name);
    buffer.resize(sizes[i]);
    fill(*order[i], buffer);
    file.write(buffer);
  }
  file.finish();
}

}  // namespace yent
