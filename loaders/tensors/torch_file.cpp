// Tensors as torch.save describes them (torch/_utils.py rebuilds them from that).
#include "loaders/tensors/torch_file.h"

#include <algorithm>
#include <cstring>
#include <optional>
#include <utility>

#include "kernels/error.h"
#include "loaders/tensors/torch_archive.h"
#include "loaders/tensors/torch_globals.h"

namespace yent {
namespace {

using Kind = PickleValue::Kind;

constexpr std::string_view parameter_dict = "torch.nn.modules.container.ParameterDict";

// A tensor over a storage: element (i, j, ...) is at offset + i strides[0] + j strides[1] + ...
struct Strided {
  DType dtype = DType::f32;
  std::span<const std::byte> storage = {};
  uint64_t offset = 0;
  std::vector<int64_t> dims = {}, strides = {};
  size_t bytes = 0;  // when dense
};

// Throws a file error unless every element lies in the storage.
void check_reach(const Strided& tensor, const std::string& where) {
  uint64_t end = tensor.offset + (tensor.bytes != 0);  // one past the last element
  for (size_t i = 0; i < tensor.dims.size() && tensor.bytes != 0; ++i) {
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
}

// A call that makes a tensor: of a function whose role is tensor or typed_tensor.
struct Rebuild {
  TorchRole role = TorchRole::inert;
  std::span<const PickleId> arguments = {};
};

class TorchReader {
 public:
  explicit TorchReader(const std::shared_ptr<const MappedFile>& file)
      : file_(file), path_(file->path().string()) {}

  TensorSet read();

 private:
  TorchArchive archive() const;
  void read_dict(std::span<const PickleId> entries, const std::string& prefix);
  const TorchGlobal* role(PickleId id) const;
  std::optional<Rebuild> rebuild(PickleId id) const;
  std::span<const PickleId> mapping(PickleId id) const;
  const PickleId* entry(std::span<const PickleId> mapping, std::string_view key) const;
  Strided strided(const Rebuild& call, const std::string& where) const;
  std::pair<std::optional<DType>, std::span<const std::byte>> storage(
      PickleId id, const std::string& where) const;
  std::span<const std::byte> part_of(std::span<const std::byte> storage, const PickleValue& view,
                                     int64_t element, const std::string& where) const;
  std::vector<int64_t> naturals(const PickleValue& tuple, const std::string& where) const;
  std::span<const std::byte> dense(const Strided& tensor, const std::string& where);

  std::shared_ptr<const MappedFile> file_;
  std::string path_;
  TorchArchive archive_;
  const PickleGraph& graph_ = archive_.graph;
  TensorSet set_;
  size_t copied_bytes_ = 0;
};

TorchArchive TorchReader::archive() const {
  const auto bytes = file_->bytes();
  return is_torch_legacy(bytes) ? read_torch_legacy(bytes, path_) : read_torch_zip(bytes, path_);
}

// Keys and values, one after the other; empty if the value is no dictionary. A ParameterDict keeps
// its entries among its attributes, old ones a level below.
std::span<const PickleId> TorchReader::mapping(PickleId id) const {
  const auto direct = [this](PickleId of) -> std::span<const PickleId> {
    const PickleValue& value = graph_[of];
    if (value.kind == Kind::dict) return value.items;
    return value.kind == Kind::call ? value.entries : std::span<const PickleId>();
  };
  const PickleValue& value = graph_[id];
  if (value.kind != Kind::call || graph_[value.items[0]].text != parameter_dict || !value.state) {
    return direct(id);
  }
  const auto attributes = direct(value.state);
  const PickleId* parameters = entry(attributes, "_parameters");
  const auto old = parameters ? direct(*parameters) : std::span<const PickleId>();
  return old.empty() ? attributes : old;
}

const PickleId* TorchReader::entry(std::span<const PickleId> mapping, std::string_view key) const {
  for (size_t i = 0; i < mapping.size(); i += 2) {
    const PickleValue& name = graph_[mapping[i]];
    if (name.kind == Kind::string && name.text == key) return &mapping[i + 1];
  }
  return nullptr;
}

const TorchGlobal* TorchReader::role(PickleId id) const {
  return graph_[id].kind == Kind::global ? find_torch_global(graph_[id].text) : nullptr;
}

// The innermost call of a value that is a tensor, or a parameter around one; nothing for others.
std::optional<Rebuild> TorchReader::rebuild(PickleId id) const {
  for (;;) {  // ends: what is followed is a tuple or in one, and was there before it
    const PickleValue& value = graph_[id];
    if (value.kind != Kind::call) return {};
    const TorchGlobal* function = role(value.items[0]);
    std::span<const PickleId> arguments = graph_[value.items[1]].items;
    if (function && function->role == TorchRole::from_type && arguments.size() >= 3) {
      const PickleValue& inner = graph_[arguments[2]];
      if (inner.kind != Kind::tuple) return {};
      function = role(arguments[0]);
      arguments = inner.items;
    }
    if (!function) return {};
    if (function->role == TorchRole::tensor || function->role == TorchRole::typed_tensor) {
      return Rebuild{function->role, arguments};
    }
    if (function->role != TorchRole::wrapper || arguments.empty()) return {};
    id = arguments[0];
  }
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

// Persistent ids are ("storage", type, key, device, elements), and in old files a view; the device
// is of no interest.
std::pair<std::optional<DType>, std::span<const std::byte>> TorchReader::storage(
    PickleId value, const std::string& where) const {
  const PickleValue none;
  const PickleValue& id =
      graph_[value].kind == Kind::persistent ? graph_[graph_[value].items[0]] : none;
  const bool sized = id.items.size() == 5 || id.items.size() == 6;
  if (id.kind != Kind::tuple || !sized || graph_[id.items[0]].text != "storage") {
    throw file_error("{}: not over a storage", where);
  }
  const TorchGlobal* type = role(id.items[1]);
  const PickleValue &key = graph_[id.items[2]], &elements = graph_[id.items[4]];
  if (!type || type->role != TorchRole::storage || key.kind != Kind::string ||
      elements.kind != Kind::integer) {
    throw file_error("{}: a storage of unknown form", where);
  }
  const auto found = archive_.storages.find(key.text);
  if (found == archive_.storages.end()) {
    throw file_error("{}: no storage {} in the file", where, printable(key.text));
  }
  const DType element = type->dtype.value_or(DType::u8);
  const int64_t count = elements.integer;
  if (checked_bytes(element, std::span(&count, 1)) != found->second.size()) {
    throw file_error("{}: storage {} is {} bytes, expected {} elements of {}", where,
                     printable(key.text), found->second.size(), count, dtype_name(element));
  }
  if (id.items.size() == 5) return {type->dtype, found->second};
  return {type->dtype, part_of(found->second, graph_[id.items[5]], block_bytes(element), where)};
}

// Views are None, or (key, offset, elements).
std::span<const std::byte> TorchReader::part_of(std::span<const std::byte> storage,
                                                const PickleValue& view, int64_t element,
                                                const std::string& where) const {
  if (view.kind == Kind::none) return storage;
  const bool triple = view.kind == Kind::tuple && view.items.size() == 3;
  const int64_t offset = triple ? graph_[view.items[1]].integer : -1;
  const int64_t count = triple ? graph_[view.items[2]].integer : -1;
  const auto all = static_cast<int64_t>(storage.size()) / element;
  if (offset < 0 || count < 0 || offset > all || count > all - offset) {
    throw file_error("{}: a view that is no part of its storage", where);
  }
  return storage.subspan(static_cast<size_t>(offset * element),
                         static_cast<size_t>(count * element));
}

// The arguments: storage, offset, size, stride, and what autograd needs; then perhaps the dtype.
Strided TorchReader::strided(const Rebuild& call, const std::string& where) const {
  const bool typed = call.role == TorchRole::typed_tensor;
  if (call.arguments.size() < (typed ? 7 : 4)) {
    throw file_error("{}: too few arguments of a tensor", where);
  }
  Strided tensor;
  auto [dtype, bytes_of_storage] = storage(call.arguments[0], where);
  if (typed) {
    const TorchGlobal* global = role(call.arguments[6]);
    if (!global || global->role != TorchRole::dtype || !global->dtype) {
      throw file_error("{}: {} is not supported", where,
                       global ? global->name : "a dtype of unknown form");
    }
    dtype = global->dtype;
  }
  if (!dtype) throw file_error("{}: a storage without a dtype", where);
  tensor.dtype = *dtype;
  tensor.storage = bytes_of_storage;
  const PickleValue& offset = graph_[call.arguments[1]];
  tensor.dims = naturals(graph_[call.arguments[2]], where);
  tensor.strides = naturals(graph_[call.arguments[3]], where);
  const auto bytes = checked_bytes(tensor.dtype, tensor.dims);
  if (offset.kind != Kind::integer || offset.integer < 0 || !bytes ||
      tensor.dims.size() != tensor.strides.size()) {
    throw file_error("{}: {} with {} strides is no tensor", where, dims_text(tensor.dims),
                     tensor.strides.size());
  }
  tensor.offset = static_cast<uint64_t>(offset.integer);
  tensor.bytes = *bytes;
  check_reach(tensor, where);
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

void TorchReader::read_dict(std::span<const PickleId> entries, const std::string& prefix) {
  for (size_t i = 0; i < entries.size(); i += 2) {
    const PickleValue& key = graph_[entries[i]];
    const auto call = rebuild(entries[i + 1]);
    if (!call) continue;
    if (key.kind != Kind::string) {
      throw file_error("{}: a tensor under a key that is no string", path_);
    }
    const std::string where = fmt::format("{}: {}", path_, printable(key.text));
    Strided tensor = strided(*call, where);
    const auto bytes = dense(tensor, where);
    set_.tensors.push_back({.name = prefix + std::string(key.text),
                            .dtype = tensor.dtype,
                            .dims = std::move(tensor.dims),
                            .data = bytes.data(),
                            .bytes = bytes.size()});
  }
}

TensorSet TorchReader::read() {
  set_.path = path_;
  set_.files.push_back(file_);
  archive_ = archive();

  const auto top = mapping(graph_.root);
  const PickleId* nested = entry(top, "state_dict");
  read_dict(nested ? mapping(*nested) : top, "");
  if (const PickleId* embeddings = entry(top, "string_to_param")) {
    read_dict(mapping(*embeddings), "string_to_param.");
    const PickleId* name = entry(top, "name");
    if (name && graph_[*name].kind == Kind::string) set_.metadata["name"] = graph_[*name].text;
  }
  const PickleId* step = entry(top, "global_step");
  if (step && graph_[*step].kind == Kind::integer) {
    set_.metadata["global_step"] = std::to_string(graph_[*step].integer);
  }
  if (set_.tensors.empty()) {
    throw file_error("{}: no tensors, expected a state dictionary at the top or as state_dict",
                     path_);
  }
  sort_by_name(set_);
  return std::move(set_);
}

}  // namespace

TensorSet read_torch(const std::shared_ptr<const MappedFile>& file) {
  return TorchReader(file).read();
}

TensorSet read_torch(const std::filesystem::path& path) {
  return read_torch(std::make_shared<const MappedFile>(path));
}

}  // namespace yent
