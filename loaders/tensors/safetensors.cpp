#include "loaders/tensors/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <fstream>
#include <system_error>
#include <utility>

#include "kernels/error.h"
#include "loaders/io/json.h"
#include "loaders/io/output_file.h"

namespace yent {

namespace {

static_assert(std::endian::native == std::endian::little, "the files are, and are read in place");

constexpr uint64_t max_header_bytes = 100'000'000;  // the reference implementation's limit

constexpr std::pair<const char*, DType> dtypes[] = {
    {"F64", DType::f64},      {"F32", DType::f32},         {"F16", DType::f16},
    {"BF16", DType::bf16},    {"I64", DType::i64},         {"I32", DType::i32},
    {"I16", DType::i16},      {"I8", DType::i8},           {"U8", DType::u8},
    {"BOOL", DType::boolean}, {"F8_E4M3", DType::f8_e4m3}, {"F8_E5M2", DType::f8_e5m2},
};

// A tensor and where its bytes lie in the data.
struct Entry {
  HostTensor tensor;
  uint64_t begin = 0, end = 0;
};

DType dtype_of(const Json& entry, const std::string& where) {
  const std::string name = get_string(entry, "dtype", std::nullopt, where);
  for (const auto& [known, dtype] : dtypes) {
    if (name == known) return dtype;
  }
  throw file_error("{}: dtype {} is not supported", where, printable(name));
}

std::vector<int64_t> dims_of(const Json& entry, const std::string& where) {
  const Json& shape = entry["shape"];
  if (!shape.is_array()) throw file_error("{}: no shape, expected a list of dims", where);
  std::vector<int64_t> dims;
  for (const Json& dim : shape) {
    const std::optional<uint64_t> d = dim.natural();
    if (!d || !std::in_range<int64_t>(*d)) {
      throw file_error("{}: dim {} is {}, expected a natural number", where, dims.size(),
                       printable(dim.dump()));
    }
    dims.push_back(static_cast<int64_t>(*d));
  }
  return dims;
}

Entry parse_entry(const std::string& name, const Json& entry, const std::string& path) {
  const std::string where = fmt::format("{}: {}", path, printable(name));
  if (!entry.is_object()) {
    throw file_error("{} is a JSON {}, expected an object", where, entry.type_name());
  }
  Entry parsed = {.tensor = {.name = name, .dtype = dtype_of(entry, where)}};
  parsed.tensor.dims = dims_of(entry, where);

  const Json& offsets = entry["data_offsets"];
  const bool pair = offsets.is_array() && offsets.size() == 2;
  const auto begin = pair ? offsets[0].natural() : std::nullopt;
  const auto end = pair ? offsets[1].natural() : std::nullopt;
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

std::map<std::string, std::string> parse_metadata(const Json& entry, const std::string& path) {
  const auto is_string = [](const Json::Member& m) { return m.value.text() != nullptr; };
  if (!entry.is_object() || !std::ranges::all_of(entry.items(), is_string)) {
    throw file_error("{}: __metadata__ is not an object of strings", path);
  }
  std::map<std::string, std::string> metadata;
  for (const auto& [key, value] : entry.items()) metadata[key] = *value.text();
  return metadata;
}

// Sorted by offset, the tensors must cover the data from 0 to its end without gap or overlap.
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

}  // namespace

TensorSet read_safetensors(const std::filesystem::path& path) {
  return read_safetensors(std::make_shared<const MappedFile>(path));
}

TensorSet read_safetensors(const std::shared_ptr<const MappedFile>& file) {
  TensorSet set = {.path = file->path().string()};
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
  const Json root = parse_json(header, set.path + ": safetensors header");
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

namespace {

const char* safetensors_dtype(const HostTensor& tensor) {
  for (const auto& [name, dtype] : dtypes) {
    if (dtype == tensor.dtype) return name;
  }
  ENSURE(false, "{}: safetensors cannot hold {}", tensor.name, dtype_name(tensor.dtype));
}

}  // namespace

void write_safetensors(const std::filesystem::path& path, std::span<const HostTensor> tensors,
                       const std::map<std::string, std::string>& metadata, const FillTensor& fill) {
  std::vector<const HostTensor*> order;
  for (const HostTensor& tensor : tensors) order.push_back(&tensor);
  std::sort(order.begin(), order.end(), [](const HostTensor* a, const HostTensor* b) {
    const int width = block_bytes(a->dtype), other = block_bytes(b->dtype);
    return width != other ? width > other : a->name < b->name;
  });

  std::map<std::string, Json> entries;  // by name, and so in the header
  for (const auto& [key, value] : metadata) entries["__metadata__"][key] = value;
  std::vector<size_t> sizes;
  uint64_t end = 0;
  for (const HostTensor* tensor : order) {
    const std::optional<size_t> bytes = checked_bytes(tensor->dtype, tensor->dims);
    ENSURE(bytes && !entries.contains(tensor->name), "{}: {} {}", path.string(), tensor->name,
           dims_text(tensor->dims));
    entries[tensor->name] = Json::object({{"data_offsets", Json::array({end, end + *bytes})},
                                          {"dtype", safetensors_dtype(*tensor)},
                                          {"shape", tensor->dims}});
    sizes.push_back(*bytes);
    end += *bytes;
  }
  std::vector<Json::Member> header;
  for (auto& [name, entry] : entries) header.push_back({name, std::move(entry)});
  std::string text = Json::object(std::move(header)).dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // the data begins at a multiple of 8

  OutputFile file(path);
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
