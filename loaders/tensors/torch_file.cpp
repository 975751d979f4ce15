// The zip format of torch.save (torch/serialization.py and torch/_utils.py say what it holds).
#include "loaders/tensors/torch_file.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <tuple>
#include <utility>

#include "kernels/error.h"
#include "loaders/io/zip.h"
#include "loaders/tensors/pickle.h"

namespace yent {
namespace {

using Kind = PickleValue::Kind;

constexpr size_t max_pickle_bytes = size_t{64} << 20;

// Files older than torch 1.6 begin with this pickled integer (protocol 2, LONG1, ten bytes).
constexpr std::string_view legacy_magic =
    "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

constexpr std::string_view ordered_dict = "collections.OrderedDict";
constexpr std::string_view rebuild_tensor = "torch._utils._rebuild_tensor_v2";
constexpr std::string_view rebuild_parameter = "torch._utils._rebuild_parameter";

constexpr std::pair<std::string_view, DType> storages[] = {
    {"torch.DoubleStorage", DType::f64}, {"torch.FloatStorage", DType::f32},
    {"torch.HalfStorage", DType::f16},   {"torch.BFloat16Storage", DType::bf16},
    {"torch.LongStorage", DType::i64},   {"torch.IntStorage", DType::i32},
    {"torch.ShortStorage", DType::i16},  {"torch.CharStorage", DType::i8},
    {"torch.ByteStorage", DType::u8},    {"torch.BoolStorage", DType::boolean},
};

// Globals that training leaves beside the weights. Their values are parsed and ignored.
constexpr std::string_view inert[] = {
    "__builtin__.dict",  // how protocol 2 spells builtins
    "__builtin__.frozenset",
    "__builtin__.int",
    "__builtin__.set",
    "_codecs.encode",
    "argparse.Namespace",
    "builtins.dict",
    "builtins.frozenset",
    "builtins.int",
    "builtins.set",
    "collections.Counter",
    "collections.defaultdict",
    "numpy._core.multiarray.scalar",
    "numpy.core.multiarray.scalar",
    "numpy.dtype",
    "pathlib.PosixPath",
    "torch.Size",
    "torch.bfloat16",
    "torch.device",
    "torch.float16",
    "torch.float32",
    "torch.float64",
    "torch.int64",
};
constexpr std::string_view inert_packages[] = {"lightning.", "lightning_fabric.", "omegaconf.",
                                               "pytorch_lightning."};

bool is_known(std::string_view module, std::string_view name) {
  const std::string full = fmt::format("{}.{}", module, name);
  const auto is_full = [&](std::string_view known) { return full == known; };
  return full == ordered_dict || full == rebuild_tensor || full == rebuild_parameter ||
         std::any_of(std::begin(storages), std::end(storages),
                     [&](const auto& storage) { return full == storage.first; }) ||
         std::any_of(std::begin(inert), std::end(inert), is_full) ||
         std::any_of(std::begin(inert_packages), std::end(inert_packages),
                     [&](std::string_view package) { return full.starts_with(package); });
}

// A tensor over a storage: element (i, j, ...) is at offset + i strides[0] + j strides[1] + ...
struct Strided {
  DType dtype = DType::f32;
  std::span<const std::byte> storage = {};
  uint64_t offset = 0;
  std::vector<int64_t> dims = {}, strides = {};
  size_t bytes = 0;  // when dense
};

class TorchReader {
 public:
  explicit TorchReader(const std::filesystem::path& path)
      : file_(std::make_shared<const MappedFile>(path)), path_(path.string()) {}

  TensorSet read();

 private:
  std::span<const std::byte> pickle();
  std::span<const std::byte> member(const std::string& name) const;
  bool is_call(const PickleValue& value, std::string_view function) const;
  std::span<const PickleId> mapping(PickleId id) const;
  std::span<const PickleId> state_dict() const;
  Strided strided(const PickleValue& call, const std::string& where) const;
  std::pair<DType, std::span<const std::byte>> storage(const PickleValue& value,
                                                       const std::string& where) const;
  std::vector<int64_t> naturals(const PickleValue& tuple, const std::string& where) const;
  std::span<const std::byte> dense(const Strided& tensor, const std::string& where);

  std::shared_ptr<const MappedFile> file_;
  std::string path_, prefix_;
  std::map<std::string, std::span<const std::byte>> members_;
  PickleGraph graph_;
  TensorSet set_;
  size_t copied_bytes_ = 0;
};

std::span<const std::byte> TorchReader::member(const std::string& name) const {
  const auto found = members_.find(prefix_ + name);
  if (found == members_.end()) throw file_error("{}: no {} in the archive", path_, printable(name));
  return found->second;
}

// Opens the archive and finds the pickle; its folder is the folder of all other entries.
std::span<const std::byte> TorchReader::pickle() {
  const auto bytes = file_->bytes();
  if (bytes.size() >= legacy_magic.size() &&
      std::memcmp(bytes.data(), legacy_magic.data(), legacy_magic.size()) == 0) {
    throw file_error("{}: the format of torch before 1.6, expected its zip format (save it again)",
                     path_);
  }
  constexpr std::string_view pickle_name = "data.pkl";
  size_t pickles = 0;
  for (ZipEntry& entry : read_zip(bytes, path_)) {
    const std::string_view name = entry.name;
    const size_t folder = name.find('/') == name.npos ? 0 : name.find('/') + 1;
    if (name.substr(folder) == pickle_name) {
      ++pickles;
      prefix_ = name.substr(0, folder);
    }
    members_.emplace(std::move(entry.name), entry.bytes);
  }
  if (pickles != 1) {
    throw file_error("{}: {} data.pkl in the archive, expected one", path_, pickles);
  }
  if (members_.count(prefix_ + "byteorder")) {
    const auto order = member("byteorder");
    const std::string_view text(reinterpret_cast<const char*>(order.data()), order.size());
    if (text != "little") {
      throw file_error("{}: byte order \"{}\", expected little", path_, printable(text));
    }
  }
  const auto pickle = member(std::string(pickle_name));
  if (pickle.size() > max_pickle_bytes) {
    throw file_error("{}: data.pkl of {} bytes, expected at most {}", path_, pickle.size(),
                     max_pickle_bytes);
  }
  return pickle;
}

bool TorchReader::is_call(const PickleValue& value, std::string_view function) const {
  return value.kind == Kind::call && graph_[value.items[0]].text == function;
}

// Keys and values, one after the other; empty if the value is no dictionary.
std::span<const PickleId> TorchReader::mapping(PickleId id) const {
  const PickleValue& value = graph_[id];
  if (value.kind == Kind::dict) return value.items;
  if (is_call(value, ordered_dict)) return value.entries;
  return {};
}

std::span<const PickleId> TorchReader::state_dict() const {
  const auto top = mapping(graph_.root);
  for (size_t i = 0; i < top.size(); i += 2) {
    const PickleValue& key = graph_[top[i]];
    if (key.kind == Kind::string && key.text == "state_dict") return mapping(top[i + 1]);
  }
  return top;
}

std::vector<int64_t> TorchReader::naturals(const PickleValue& tuple,
                                           const std::string& where) const {
  std::vector<int64_t> numbers;
  if (tuple.kind != Kind::tuple) throw file_error("{}: its shape is no tuple", where);
  for (const PickleId item : tuple.items) {
    const PickleValue& number = graph_[item];
    if (number.kind != Kind::integer || number.integer < 0) {
      throw file_error("{}: a dim or stride that is no natural number", where);
    }
    numbers.push_back(number.integer);
  }
  return numbers;
}

// Persistent ids are ("storage", type, key, device, elements); the device is of no interest.
std::pair<DType, std::span<const std::byte>> TorchReader::storage(const PickleValue& value,
                                                                  const std::string& where) const {
  const PickleValue none;
  const PickleValue& id = value.kind == Kind::persistent ? graph_[value.items[0]] : none;
  if (id.kind != Kind::tuple || id.items.size() != 5 || graph_[id.items[0]].text != "storage") {
    throw file_error("{}: not over a storage", where);
  }
  const PickleValue &type = graph_[id.items[1]], &key = graph_[id.items[2]],
                    &elements = graph_[id.items[4]];
  const auto known = std::find_if(std::begin(storages), std::end(storages), [&](const auto& s) {
    return type.kind == Kind::global && type.text == s.first;
  });
  if (known == std::end(storages) || key.kind != Kind::string || elements.kind != Kind::integer) {
    throw file_error("{}: a storage of unknown form", where);
  }
  const auto bytes = member("data/" + std::string(key.text));
  const int64_t count = elements.integer;
  if (checked_bytes(known->second, std::span(&count, 1)) != bytes.size()) {
    throw file_error("{}: storage {} is {} bytes, expected {} elements of {}", where,
                     printable(key.text), bytes.size(), count, dtype_name(known->second));
  }
  return {known->second, bytes};
}

// The arguments of _rebuild_tensor_v2: storage, offset, size, stride, and what autograd needs.
Strided TorchReader::strided(const PickleValue& call, const std::string& where) const {
  const PickleValue& arguments = graph_[call.items[1]];
  if (arguments.items.size() < 4) throw file_error("{}: too few arguments of a tensor", where);
  Strided tensor;
  std::tie(tensor.dtype, tensor.storage) = storage(graph_[arguments.items[0]], where);
  const PickleValue& offset = graph_[arguments.items[1]];
  tensor.dims = naturals(graph_[arguments.items[2]], where);
  tensor.strides = naturals(graph_[arguments.items[3]], where);
  const auto bytes = checked_bytes(tensor.dtype, tensor.dims);
  if (offset.kind != Kind::integer || offset.integer < 0 || !bytes ||
      tensor.dims.size() != tensor.strides.size()) {
    throw file_error("{}: {} with {} strides is no tensor", where, dims_text(tensor.dims),
                     tensor.strides.size());
  }
  tensor.offset = static_cast<uint64_t>(offset.integer);
  tensor.bytes = *bytes;

  uint64_t end = tensor.offset + (*bytes != 0);  // one past the last element
  for (size_t i = 0; i < tensor.dims.size() && *bytes != 0; ++i) {
    uint64_t reach = 0;
    if (__builtin_mul_overflow(static_cast<uint64_t>(tensor.dims[i] - 1),
                               static_cast<uint64_t>(tensor.strides[i]), &reach) ||
        __builtin_add_overflow(end, reach, &end)) {
      end = UINT64_MAX;
      break;
    }
  }
  const uint64_t elements = tensor.storage.size() / static_cast<size_t>(block_bytes(tensor.dtype));
  if (end > elements) {
    throw file_error("{}: {} reaches past its storage of {} elements", where,
                     dims_text(tensor.dims), elements);
  }
  return tensor;
}

bool is_dense(const Strided& tensor) {
  int64_t expected = 1;
  for (size_t i = tensor.dims.size(); i-- > 0;) {
    if (tensor.dims[i] != 1 && tensor.strides[i] != expected) return false;
    expected *= tensor.dims[i];
  }
  return true;
}

// Copies element by element, the last dim fastest. No dim is 0.
void gather(const Strided& tensor, std::byte* out) {
  const auto size = static_cast<size_t>(block_bytes(tensor.dtype));
  const size_t rank = tensor.dims.size();
  std::vector<int64_t> index(rank, 0);
  uint64_t element = tensor.offset;
  for (const std::byte* end = out + tensor.bytes; out != end; out += size) {
    std::memcpy(out, tensor.storage.data() + element * size, size);
    for (size_t i = rank; i-- > 0;) {
      const auto stride = static_cast<uint64_t>(tensor.strides[i]);
      element += stride;
      if (++index[i] < tensor.dims[i]) break;
      element -= stride * static_cast<uint64_t>(tensor.dims[i]);
      index[i] = 0;
    }
  }
}

// The tensor's bytes in row-major order: the storage's own, or a copy.
std::span<const std::byte> TorchReader::dense(const Strided& tensor, const std::string& where) {
  if (tensor.bytes == 0 || is_dense(tensor)) {
    return tensor.storage.subspan(tensor.offset * static_cast<size_t>(block_bytes(tensor.dtype)),
                                  tensor.bytes);
  }
  // A stride of 0 turns few bytes into many, which no weight of a real model does.
  const size_t limit = 4 * file_->bytes().size();
  if (tensor.bytes > limit || copied_bytes_ > limit - tensor.bytes) {
    throw file_error("{}: strided tensors of more than {} bytes, four times the file", where,
                     limit);
  }
  copied_bytes_ += tensor.bytes;
  const auto& copy =
      set_.owned.emplace_back(std::make_shared<std::vector<std::byte>>(tensor.bytes));
  gather(tensor, copy->data());
  return *copy;
}

TensorSet TorchReader::read() {
  set_.path = path_;
  set_.files.push_back(file_);
  graph_ = read_pickle(pickle(), is_known, path_ + ": data.pkl");

  const auto entries = state_dict();
  for (size_t i = 0; i < entries.size(); i += 2) {
    const PickleValue& key = graph_[entries[i]];
    const PickleValue* value = &graph_[entries[i + 1]];
    if (is_call(*value, rebuild_parameter)) {
      const PickleValue& arguments = graph_[value->items[1]];
      if (!arguments.items.empty()) value = &graph_[arguments.items[0]];
    }
    if (!is_call(*value, rebuild_tensor)) continue;
    if (key.kind != Kind::string) {
      throw file_error("{}: a tensor under a key that is no string", path_);
    }
    const std::string where = fmt::format("{}: {}", path_, printable(key.text));
    Strided tensor = strided(*value, where);
    const auto bytes = dense(tensor, where);
    set_.tensors.push_back({.name = std::string(key.text),
                            .dtype = tensor.dtype,
                            .dims = std::move(tensor.dims),
                            .data = bytes.data(),
                            .bytes = bytes.size()});
  }
  if (set_.tensors.empty()) {
    throw file_error("{}: no tensors, expected a state dictionary at the top or as state_dict",
                     path_);
  }
  sort_by_name(set_);
  return std::move(set_);
}

}  // namespace

TensorSet read_torch(const std::filesystem::path& path) { return TorchReader(path).read(); }

}  // namespace yent
