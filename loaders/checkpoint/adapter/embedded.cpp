#include "loaders/checkpoint/adapter/embedded.h"

#include <algorithm>
#include <string_view>
#include <utility>

#include "loaders/checkpoint/adapter/kinds.h"

namespace yent {
namespace {

constexpr std::string_view base_marks[] = {".base_layer.", ".original_module."};

// "to_q.base_layer.weight" to "to_q.weight"; false when it is not wrapped.
bool unwrap(std::string& name) {
  for (const std::string_view mark : base_marks) {
    if (const size_t at = name.find(mark); at != std::string::npos) {
      name.erase(at, mark.size() - 1);
      return true;
    }
  }
  return false;
}

// Whether a name is a part of an adapter, and not the model's own weight or bias.
bool is_of_adapter(const std::string& name) {
  if (name.find(".modules_to_save.") != std::string::npos) return true;
  const auto key = parse_adapter_key(name);
  return key && key->kind != &replacement && key->kind != &bias_replacement;
}

}  // namespace

TensorSet take_embedded_adapter(TensorSet& model, const std::string& prefix) {
  TensorSet adapter{.path = model.path, .files = model.files, .owned = model.owned};
  bool wrapped = false;
  for (HostTensor& tensor : model.tensors) wrapped |= unwrap(tensor.name);
  if (!wrapped) return adapter;
  for (const HostTensor& tensor : model.tensors) {
    if (!is_of_adapter(tensor.name)) continue;
    HostTensor& moved = adapter.tensors.emplace_back(tensor);
    moved.name = prefix + tensor.name;
  }
  std::erase_if(model.tensors, [](const HostTensor& t) { return is_of_adapter(t.name); });
  sort_by_name(model);
  sort_by_name(adapter);
  return adapter;
}

}  // namespace yent
