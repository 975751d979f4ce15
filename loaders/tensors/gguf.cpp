#include "loaders/tensors/gguf.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "loaders/io/placeholder.h"
#include "loaders/tensors/read_value.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

constexpr uint64_t longest_string = uint64_t{1} << 30;
constexpr uint64_t largest_alignment = uint64_t{1} << 20;

// The smallest sizes of records, so that a count is checked before memory is reserved for it:
// an empty name is refused, hence the 1.
constexpr uint64_t least_key_bytes = 8 + 1 + 4 + 1;
constexpr uint64_t least_tensor_bytes = 8 + 1 + 4 + 8 + 4 + 8;

constexpr std::pair<uint32_t, DType> tensor_types[] = {
    {0, DType::f32},   {1, DType::f16},   {30, DType::bf16}, {2, DType::q4_0},  {3, DType::q4_1},
    {6, DType::q5_0},  {7, DType::q5_1},  {8, DType::q8_0},  {10, DType::q2_k}, {11, DType::q3_k},
    {12, DType::q4_k}, {13, DType::q5_k}, {14, DType::q6_k},
};

// Types that exist but are not supported: they are refused by name.
const char* unsupported_type_name(uint32_t type) {
  constexpr std::pair<uint32_t, const char*> names[] = {
      {4, "Q4_2"},    {5, "Q4_3"},     {9, "Q8_1"},   {15, "Q8_K"},   {16, "IQ2_XXS"},
      {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"}, {20, "IQ4_NL"}, {21, "IQ3_S"},
      {22, "IQ2_S"},  {23, "IQ4_XS"},  {24, "I8"},    {25, "I16"},    {26, "I32"},
      {27, "I64"},    {28, "F64"},     {29, "IQ1_M"}, {34, "TQ1_0"},  {35, "TQ2_0"},
      {39, "MXFP4"},  {40, "NVFP4"},
  };
  for (const auto& [number, name] : names) {
    if (number == type) return name;
  }
  return "unknown";
}

// Bytes of a value of fixed size; 0 for strings and arrays.
uint64_t fixed_size(GgufType type) {
  switch (type) {
    case GgufType::u8:
    case GgufType::i8:
    case GgufType::boolean:
      return 1;
    case GgufType::u16:
    case GgufType::i16:
      return 2;
    case GgufType::u32:
    case GgufType::i32:
    case GgufType::f32:
      return 4;
    case GgufType::u64:
    case GgufType::i64:
    case GgufType::f64:
      return 8;
    case GgufType::string:
    case GgufType::array:
      return 0;
  }
  return 0;
}

std::string_view text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_integer(GgufType type) {
  return fixed_size(type) != 0 && type != GgufType::f32 && type != GgufType::f64 &&
         type != GgufType::boolean;
}

// An integer of any type; nothing when it does not fit.
std::optional<int64_t> integer_at(GgufType type, const std::byte* at) {
  switch (type) {
    case GgufType::u8:
      return read<uint8_t>(at);
    case GgufType::i8:
      return read<int8_t>(at);
    case GgufType::u16:
      return read<uint16_t>(at);
    case GgufType::i16:
      return read<int16_t>(at);
    case GgufType::u32:
      return read<uint32_t>(at);
    case GgufType::i32:
      return read<int32_t>(at);
    case GgufType::u64: {
      const auto value = read<uint64_t>(at);
      if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return {};
      return static_cast<int64_t>(value);
    }
    default:
      return read<int64_t>(at);
  }
}

std::string kind_of(const GgufValue& value) {
  if (value.type != GgufType::array) return gguf_type_name(value.type);
  return fmt::format("an array of {}", gguf_type_name(value.element));
}

}  // namespace

const char* gguf_type_name(GgufType type) {
  constexpr const char* names[] = {"u8",   "i8",     "u16",   "i16", "u32", "i32", "f32",
                                   "bool", "string", "array", "u64", "i64", "f64"};
  return names[static_cast<uint32_t>(type)];
}

std::optional<uint32_t> gguf_tensor_type(DType dtype) {
  for (const auto& [number, known] : tensor_types) {
    if (known == dtype) return number;
  }
  return {};
}

std::optional<DType> gguf_dtype(uint32_t type) {
  for (const auto& [number, known] : tensor_types) {
    if (number == type) return known;
  }
  return {};
}

// Reads a header front to back. Every take checks what remains first.
class GgufParser {
 public:
  explicit GgufParser(GgufFile& file) : file_(file), bytes_(file.mappings_.front()->bytes()) {}

  void parse() {
    if (bytes_.size() < 24) {
      throw error("{} bytes, shorter than the 24 of a GGUF header", bytes_.size());
    }
    if (text_of(take(4, "the magic")) != "GGUF") throw error("not a GGUF file: wrong magic");
    const auto version = number<uint32_t>("the version");
    if (version == 0x02000000 || version == 0x03000000) throw error("a big-endian GGUF file");
    if (version != 2 && version != 3) throw error("GGUF version {}, expected 2 or 3", version);

    const auto tensors = number<uint64_t>("the tensor count");
    const auto keys = number<uint64_t>("the key count");
    check_count(tensors, least_tensor_bytes, "the tensor count");
    check_count(keys, least_key_bytes, "the key count");
    for (uint64_t i = 0; i < keys; ++i) parse_key(i);
    for (uint64_t i = 0; i < tensors; ++i) parse_tensor(i);
    place_tensors();
  }

 private:
  template <class... Args>
  Error error(fmt::format_string<Args...> form, Args&&... args) const {
    return file_error("{}: {}", file_.path_, fmt::format(form, std::forward<Args>(args)...));
  }

  uint64_t remaining() const { return bytes_.size() - position_; }

  std::span<const std::byte> take(uint64_t count, std::string_view what) {
    if (count > remaining()) {
      throw error("{} needs {} bytes at offset {}, the file has {} left", what, count, position_,
                  remaining());
    }
    const auto taken = bytes_.subspan(position_, count);
    position_ += count;
    return taken;
  }

  template <class T>
  T number(std::string_view what) {
    return read<T>(take(sizeof(T), what).data());
  }

  void check_count(uint64_t count, uint64_t least_bytes, std::string_view what) const {
    if (count > remaining() / least_bytes) {
      throw error("{} is {}, more than the {} bytes left can hold", what, count, remaining());
    }
  }

  std::span<const std::byte> string(std::string_view what) {
    const auto length = number<uint64_t>(what);
    if (length > longest_string) {
      throw error("{} is a string of {} bytes, expected at most {}", what, length, longest_string);
    }
    return take(length, what);
  }

  std::string name(std::string_view what) {
    const std::string text(text_of(string(what)));
    if (text.empty()) throw error("{} is empty", what);
    return text;
  }

  GgufType value_type(const std::string& what) {
    const auto type = number<uint32_t>(what);
    if (type > static_cast<uint32_t>(GgufType::f64)) {
      throw error("{} has the unknown value type {}", what, type);
    }
    return static_cast<GgufType>(type);
  }

  // `count` values of one type, one after the other.
  std::span<const std::byte> values(GgufType type, uint64_t count, const std::string& what) {
    const size_t begin = position_;
    if (type == GgufType::string) {
      check_count(count, sizeof(uint64_t), what);
      for (uint64_t i = 0; i < count; ++i) string(what);
    } else {
      if (count > 1) check_count(count, fixed_size(type), what);
      take(count * fixed_size(type), what);
    }
    const auto taken = bytes_.subspan(begin, position_ - begin);
    if (type == GgufType::boolean) {
      for (const std::byte b : taken) {
        if (b > std::byte{1}) throw error("{} is a bool of value {}", what, static_cast<int>(b));
      }
    }
    return taken;
  }

  void parse_key(uint64_t i) {
    const std::string key = name(fmt::format("the name of key {}", i));
    const std::string shown = printable(key);
    GgufValue value;
    value.type = value_type(shown);
    if (value.type == GgufType::array) {
      value.element = value_type(shown);
      if (value.element == GgufType::array) throw error("{} is an array of arrays", shown);
      value.count = number<uint64_t>(shown);
      value.bytes = values(value.element, value.count, shown);
    } else if (value.type == GgufType::string) {
      value.bytes = string(shown);
    } else {
      value.bytes = values(value.type, 1, shown);
    }
    if (!file_.metadata_.emplace(key, value).second) throw error("the key {} occurs twice", shown);
  }

  void parse_tensor(uint64_t i) {
    HostTensor tensor;
    tensor.name = name(fmt::format("the name of tensor {}", i));
    const std::string shown = printable(tensor.name);
    if (!file_.index_.emplace(tensor.name, file_.tensors_.size()).second) {
      throw error("the tensor {} occurs twice", shown);
    }
    const auto rank = number<uint32_t>(shown);
    if (rank < 1 || rank > 4) throw error("{} has {} dims, expected 1 to 4", shown, rank);
    int64_t count = 1;
    for (uint32_t d = 0; d < rank; ++d) {
      const auto dim = number<int64_t>(shown);
      if (dim <= 0 || __builtin_mul_overflow(count, dim, &count)) {
        throw error("{} has a dim of {} that is zero or too large", shown,
                    static_cast<uint64_t>(dim));
      }
      tensor.dims.push_back(dim);
    }
    const auto type = number<uint32_t>(shown);
    const std::optional<DType> dtype = gguf_dtype(type);
    if (!dtype) {
      throw error("{} is of type {} ({}), which is not supported", shown, type,
                  unsupported_type_name(type));
    }
    tensor.dtype = *dtype;
    const int64_t block = block_elements(*dtype);
    if (tensor.dims[0] % block != 0) {
      throw error("{} has rows of {} elements, expected a multiple of {} for {}", shown,
                  tensor.dims[0], block, dtype_name(*dtype));
    }
    if (__builtin_mul_overflow(static_cast<uint64_t>(count / block),
                               static_cast<uint64_t>(block_bytes(*dtype)), &tensor.bytes)) {
      throw error("{} has {} elements, too large", shown, count);
    }
    std::reverse(tensor.dims.begin(), tensor.dims.end());
    offsets_.push_back(number<uint64_t>(shown));
    file_.tensors_.push_back(std::move(tensor));
  }

  uint64_t alignment() const {
    const int64_t value = file_.integer("general.alignment", 32);
    const auto unsigned_value = static_cast<uint64_t>(value);
    const bool power_of_two = value > 0 && (unsigned_value & (unsigned_value - 1)) == 0;
    if (!power_of_two || value < 8 || unsigned_value > largest_alignment) {
      throw error("general.alignment is {}, expected a power of two from 8 to {}", value,
                  largest_alignment);
    }
    return unsigned_value;
  }

  // Gives every tensor its bytes. Neither sum can wrap: each addend was compared with the
  // size of the file before.
  void place_tensors() {
    const uint64_t align = alignment();
    const uint64_t start = (position_ + align - 1) / align * align;
    const uint64_t room = bytes_.size() > start ? bytes_.size() - start : 0;
    std::vector<std::pair<uint64_t, size_t>> order;
    for (size_t i = 0; i < offsets_.size(); ++i) {
      HostTensor& tensor = file_.tensors_[i];
      const uint64_t offset = offsets_[i];
      if (offset % align != 0) {
        throw error("{} is at offset {}, expected a multiple of {}", printable(tensor.name), offset,
                    align);
      }
      if (offset > room || tensor.bytes > room - offset) {
        throw error("{} takes {} bytes at offset {} of the data, which has {}: truncated?",
                    printable(tensor.name), tensor.bytes, offset, room);
      }
      tensor.data = bytes_.data() + start + offset;
      order.emplace_back(offset, i);
    }
    std::sort(order.begin(), order.end());
    for (size_t k = 1; k < order.size(); ++k) {
      const HostTensor& before = file_.tensors_[order[k - 1].second];
      if (order[k - 1].first + before.bytes > order[k].first) {
        throw error("{} and {} overlap", printable(before.name),
                    printable(file_.tensors_[order[k].second].name));
      }
    }
  }

  GgufFile& file_;
  std::span<const std::byte> bytes_;
  uint64_t position_ = 0;
  std::vector<uint64_t> offsets_;  // of the tensors, relative to the data start
};

GgufFile GgufFile::parse(const std::shared_ptr<const MappedFile>& mapping) {
  GgufFile file;
  file.path_ = mapping->path().string();
  file.mappings_.push_back(mapping);
  refuse_placeholder(mapping->bytes(), mapping->path());
  GgufParser(file).parse();
  return file;
}

void GgufFile::release(const HostTensor& tensor) const { release_from(mappings_, tensor); }

bool GgufFile::has_prefix(std::string_view prefix) const {
  const auto at = metadata_.lower_bound(prefix);
  return at != metadata_.end() && std::string_view(at->first).starts_with(prefix);
}

const GgufValue* GgufFile::value(std::string_view key, bool required) const {
  const auto at = metadata_.find(key);
  if (at != metadata_.end()) return &at->second;
  if (required) throw file_error("{}: the key {} is missing", path_, key);
  return nullptr;
}

const GgufValue& GgufFile::array(std::string_view key) const {
  const GgufValue& found = *value(key, true);
  if (found.type != GgufType::array) throw wrong_kind(key, found, "an array");
  return found;
}

Error GgufFile::wrong_kind(std::string_view key, const GgufValue& found,
                           const char* expected) const {
  return file_error("{}: {} is {}, expected {}", path_, key, kind_of(found), expected);
}

int64_t GgufFile::integer(std::string_view key, std::optional<int64_t> fallback) const {
  const GgufValue* found = value(key, !fallback);
  if (!found) return *fallback;
  if (!is_integer(found->type)) throw wrong_kind(key, *found, "an integer");
  const std::optional<int64_t> number = integer_at(found->type, found->bytes.data());
  if (!number) throw file_error("{}: {} is too large", path_, key);
  return *number;
}

double GgufFile::number(std::string_view key, std::optional<double> fallback) const {
  const GgufValue* found = value(key, !fallback);
  if (!found) return *fallback;
  if (found->type == GgufType::f32) return read<float>(found->bytes.data());
  if (found->type == GgufType::f64) return read<double>(found->bytes.data());
  throw wrong_kind(key, *found, "a float");
}

bool GgufFile::boolean(std::string_view key, std::optional<bool> fallback) const {
  const GgufValue* found = value(key, !fallback);
  if (!found) return *fallback;
  if (found->type != GgufType::boolean) throw wrong_kind(key, *found, "a bool");
  return found->bytes[0] != std::byte{0};
}

std::string GgufFile::text(std::string_view key, std::optional<std::string> fallback) const {
  const GgufValue* found = value(key, !fallback);
  if (!found) return *std::move(fallback);
  if (found->type != GgufType::string) throw wrong_kind(key, *found, "a string");
  return std::string(text_of(found->bytes));
}

std::vector<int64_t> GgufFile::integers(std::string_view key) const {
  const GgufValue& found = array(key);
  if (!is_integer(found.element)) throw wrong_kind(key, found, "an array of integers");
  std::vector<int64_t> numbers(found.count);
  for (uint64_t i = 0; i < found.count; ++i) {
    const std::byte* at = found.bytes.data() + i * fixed_size(found.element);
    const std::optional<int64_t> number = integer_at(found.element, at);
    if (!number) throw file_error("{}: {}[{}] is too large", path_, key, i);
    numbers[i] = *number;
  }
  return numbers;
}

std::vector<float> GgufFile::numbers(std::string_view key) const {
  const GgufValue& found = array(key);
  const bool single = found.element == GgufType::f32;
  if (!single && found.element != GgufType::f64) throw wrong_kind(key, found, "an array of floats");
  std::vector<float> numbers(found.count);
  for (uint64_t i = 0; i < found.count; ++i) {
    const std::byte* at = found.bytes.data() + i * fixed_size(found.element);
    numbers[i] = single ? read<float>(at) : static_cast<float>(read<double>(at));
  }
  return numbers;
}

std::vector<std::string> GgufFile::texts(std::string_view key) const {
  const GgufValue& found = array(key);
  if (found.element != GgufType::string) throw wrong_kind(key, found, "an array of strings");
  std::vector<std::string> texts;
  texts.reserve(found.count);
  std::span<const std::byte> rest = found.bytes;
  while (!rest.empty()) {
    const auto length = read<uint64_t>(rest.data());
    texts.emplace_back(text_of(rest.subspan(8, length)));
    rest = rest.subspan(8 + length);
  }
  return texts;
}

const HostTensor* GgufFile::find(std::string_view name) const {
  const auto at = index_.find(name);
  return at == index_.end() ? nullptr : &tensors_[at->second];
}

}  // namespace yent
