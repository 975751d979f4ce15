#include "loaders/checkpoint/adapter/parts.h"

#include <algorithm>

#include "kernels/error.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/tensor_set.h"

namespace yent {
namespace {

bool same_values(const HostTensor& a, const HostTensor& b) {
  return a.dtype == b.dtype && a.dims == b.dims && a.bytes == b.bytes && a.scale == b.scale &&
         std::equal(a.data, a.data + a.bytes, b.data);
}

}  // namespace

void AdapterParts::add(std::string_view role, const HostTensor& tensor) {
  const auto [at, added] = by_role_.emplace(role, tensor);
  if (!added && !same_values(at->second, tensor)) {
    throw file_error("{}: {} and {} are the same part of one module", path_,
                     printable(at->second.name), printable(tensor.name));
  }
}

const HostTensor* AdapterParts::find(std::string_view role) const {
  const auto at = by_role_.find(role);
  return at == by_role_.end() ? nullptr : &at->second;
}

const HostTensor& AdapterParts::get(std::string_view role) const {
  if (const HostTensor* found = find(role)) return *found;
  throw file_error("{}: {} has no {} counterpart", path_, printable(any_key()), role);
}

const HostTensor& AdapterParts::get(std::string_view role, std::span<const int64_t> dims) const {
  const HostTensor& found = get(role);
  if (squeezed(found.dims) != squeezed(dims)) {
    throw file_error("{}: {} is {}, expected {}", path_, printable(found.name),
                     dims_text(found.dims), dims_text(dims));
  }
  return found;
}

std::vector<std::string> AdapterParts::keys() const {
  std::vector<std::string> keys;
  for (const auto& [role, tensor] : by_role_) keys.push_back(tensor.name);
  return keys;
}

bool AdapterParts::operator==(const AdapterParts& other) const {
  return std::ranges::equal(by_role_, other.by_role_, [](const auto& a, const auto& b) {
    return a.first == b.first && same_values(a.second, b.second);
  });
}

std::vector<int64_t> squeezed(std::span<const int64_t> dims) {
  std::vector<int64_t> kept(dims.begin(), dims.end());
  while (kept.size() > 2 && kept.back() == 1) kept.pop_back();
  return kept;
}

std::vector<float> floats_of(const HostTensor& tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.count()));
  to_f32(tensor, values.data());
  return values;
}

}  // namespace yent
