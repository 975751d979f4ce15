#include "tests/support/golden.h"

#include <span>
#include <utility>

#include "bench/synthesize/seeded_weights.h"
#include "kernels/error.h"
#include "loaders/tensors/convert.h"
#include "tests/support/tree.h"

namespace yent {

std::string golden_path(const std::string& name) { return in_tree("tests/golden/") + name; }

Golden::Golden(const std::string& name)
    : Golden(read_safetensors(golden_path(name + ".safetensors"))) {}

Golden::Golden(TensorSet set) : set_(std::move(set)) {
  const auto found = set_.metadata.find("config");
  if (found != set_.metadata.end()) config = parse_json(found->second, set_.path);
}

Shape Golden::shape(const std::string& name) const {
  const auto& d = tensor(name).dims;
  const auto at = [&](size_t i) { return static_cast<int>(d[i]); };
  if (d.size() == 4) return {at(0), at(2), at(3), at(1)};
  if (d.size() == 3) return {at(0), at(1), 1, at(2)};
  return {1, at(0), 1, d.size() == 2 ? at(1) : 1};
}

std::vector<float> Golden::rows(const std::string& name) const {
  std::vector<float> values(static_cast<size_t>(tensor(name).count()));
  to_f32(tensor(name), values.data());
  return tensor(name).dims.size() == 4 ? to_nhwc(values, shape(name)) : values;
}

std::vector<int32_t> Golden::ints(const std::string& name) const {
  const std::vector<float> values = rows(name);  // far below 2^24
  return {values.begin(), values.end()};
}

const HostTensor& Golden::tensor(const std::string& name) const {
  const HostTensor* found = set_.find(name);
  if (!found) throw file_error("{} has no tensor {}", set_.path, name);
  return *found;
}

SeededCheckpoint::SeededCheckpoint(std::string part, uint64_t seed) {
  checkpoint.path = "seeded";
  checkpoint.part = std::move(part);
  checkpoint.find = [this, seed](const std::string& name, std::span<const int64_t> dims) {
    HostTensor t{name, DType::f32, {dims.begin(), dims.end()}, nullptr, 0};
    auto& values = memory.emplace_back(static_cast<size_t>(t.count()));
    seeded_values(name, dims, seed, values.data());
    t.data = reinterpret_cast<const std::byte*>(values.data());
    t.bytes = values.size() * sizeof(float);
    return &asked.insert_or_assign(name, t).first->second;
  };
}

int64_t SeededCheckpoint::parameters() const {
  int64_t total = 0;
  for (const auto& [name, tensor] : asked) total += tensor.count();
  return total;
}

}  // namespace yent
