// The format of torch.save before 1.6 (_legacy_save and _legacy_load of torch/serialization.py).
#include <algorithm>
#include <cstring>

#include "kernels/error.h"
#include "loaders/tensors/read_value.h"
#include "loaders/tensors/tensor_set.h"
#include "loaders/tensors/torch_archive.h"
#include "loaders/tensors/torch_globals.h"

namespace yent {
namespace {

using Kind = PickleValue::Kind;

// Each such file begins with this pickled integer (LONG1, ten bytes, and the end of its pickle),
// after two bytes of protocol and, from protocol 4 on, nine of a frame.
constexpr std::string_view magic = "\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";

// Where the magic number ends; 0 when there is none.
size_t end_of_magic(std::span<const std::byte> bytes) {
  for (const size_t at : {2, 11}) {
    const size_t end = at + magic.size();
    if (bytes.size() >= end && std::memcmp(bytes.data() + at, magic.data(), magic.size()) == 0) {
      return end;
    }
  }
  return 0;
}

constexpr int64_t known_version = 1001;

class LegacyReader {
 public:
  LegacyReader(std::span<const std::byte> bytes, const std::string& path)
      : rest_(bytes.subspan(end_of_magic(bytes))), path_(path) {}

  TorchArchive archive() {
    check_version();
    check_machine();
    TorchArchive archive{.graph = take("the object")};
    note_elements(archive.graph);
    const PickleGraph keys = take("the storages");
    if (keys[keys.root].kind != Kind::list) throw file_error("{}: no list of storages", path_);
    for (const PickleId id : keys[keys.root].items) {
      if (keys[id].kind != Kind::string) {
        throw file_error("{}: a storage whose key is no string", path_);
      }
      const std::string key(keys[id].text);
      if (!archive.storages.emplace(key, take_storage(key)).second) {
        throw file_error("{}: storage {} occurs twice", path_, printable(key));
      }
    }
    if (!rest_.empty()) {
      throw file_error("{}: {} bytes after the last storage", path_, rest_.size());
    }
    return archive;
  }

 private:
  PickleGraph take(const char* what) {
    std::span<const std::byte> front = rest_.first(std::min(rest_.size(), max_torch_pickle_bytes));
    const size_t before = front.size();
    PickleGraph graph =
        take_pickle(front, torch_global_use, fmt::format("{}: the pickle of {}", path_, what));
    rest_ = rest_.subspan(before - front.size());
    return graph;
  }

  void check_version() {
    const PickleGraph version = take("the version");
    const PickleValue& number = version[version.root];
    if (number.kind != Kind::integer || number.integer != known_version) {
      throw file_error("{}: not version {} of torch's format before 1.6", path_, known_version);
    }
  }

  // A dictionary of the byte order and the sizes of C's types.
  void check_machine() {
    const PickleGraph machine = take("the machine");
    const PickleValue& facts = machine[machine.root];
    for (size_t i = 0; facts.kind == Kind::dict && i < facts.items.size(); i += 2) {
      const PickleValue &name = machine[facts.items[i]], &value = machine[facts.items[i + 1]];
      if (name.kind != Kind::string || name.text != "little_endian") continue;
      if (value.kind == Kind::boolean && value.integer == 1) return;
      throw file_error("{}: written on a big-endian machine, expected little", path_);
    }
    throw file_error("{}: no byte order, expected one of a torch file before 1.6", path_);
  }

  // A storage does not say how long its elements are; those that refer to it do.
  void note_elements(const PickleGraph& graph) {
    for (const PickleValue& value : graph.values) {
      if (value.kind != Kind::persistent) continue;
      const PickleValue& id = graph[value.items[0]];
      if (id.kind != Kind::tuple || id.items.size() < 3) continue;
      const PickleValue &type = graph[id.items[1]], &key = graph[id.items[2]];
      const TorchGlobal* storage = find_torch_global(type.text);
      if (type.kind != Kind::global || !storage || storage->role != TorchRole::storage) continue;
      if (key.kind != Kind::string) continue;
      const auto bytes = static_cast<uint64_t>(storage->dtype ? block_bytes(*storage->dtype) : 1);
      if (element_bytes_.emplace(key.text, bytes).first->second != bytes) {
        throw file_error("{}: storage {} has elements of two sizes", path_, printable(key.text));
      }
    }
  }

  std::span<const std::byte> take_storage(const std::string& key) {
    const auto size = element_bytes_.find(key);
    if (size == element_bytes_.end()) {
      throw file_error("{}: no tensor refers to storage {}", path_, printable(key));
    }
    uint64_t count = 0;
    if (rest_.size() >= sizeof count) count = read<uint64_t>(rest_.data());
    if (rest_.size() < sizeof count || count > (rest_.size() - sizeof count) / size->second) {
      throw file_error("{}: storage {} goes past the end of the file", path_, printable(key));
    }
    const auto bytes = rest_.subspan(sizeof count, count * size->second);
    rest_ = rest_.subspan(sizeof count + bytes.size());
    return bytes;
  }

  std::span<const std::byte> rest_;
  const std::string& path_;
  std::map<std::string, uint64_t, std::less<>> element_bytes_;  // by key
};

}  // namespace

bool is_torch_legacy(std::span<const std::byte> bytes) { return end_of_magic(bytes) != 0; }

TorchArchive read_torch_legacy(std::span<const std::byte> bytes, const std::string& path) {
  return LegacyReader(bytes, path).archive();
}

}  // namespace yent
