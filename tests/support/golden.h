// Reads the results of PyTorch that tools/golden recorded, and makes the same seeded weights.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bench/synthesize/seeded_weights.h"
#include "engine/core/dump.h"
#include "engine/core/nchw.h"
#include "engine/core/weight_binder.h"
#include "kernels/error.h"
#include "loaders/io/json.h"
#include "loaders/tensors/convert.h"
#include "loaders/tensors/safetensors.h"

namespace yent {

inline std::string golden_path(const std::string& name) {
  return std::string(YENT_SOURCE_DIR) + "/tests/golden/" + name;
}

// One file: named tensors, and `config`, which says what made them.
class Golden {
 public:
  explicit Golden(const std::string& name)
      : Golden(read_safetensors(golden_path(name + ".safetensors"))) {}

  // A file that yent-run or a Dump has written has no config.
  explicit Golden(TensorSet set) : set_(std::move(set)) {
    const auto found = set_.metadata.find("config");
    if (found != set_.metadata.end()) config = parse_json(found->second, set_.path);
  }

  const std::vector<HostTensor>& tensors() const { return set_.tensors; }
  bool has(const std::string& name) const { return set_.find(name) != nullptr; }

  // [n, c, h, w] is an image, [n, t, c] are tokens, [t, c] one sequence of them.
  Shape shape(const std::string& name) const {
    const auto& d = tensor(name).dims;
    const auto at = [&](size_t i) { return static_cast<int>(d[i]); };
    if (d.size() == 4) return {at(0), at(2), at(3), at(1)};
    if (d.size() == 3) return {at(0), at(1), 1, at(2)};
    return {1, at(0), 1, d.size() == 2 ? at(1) : 1};
  }

  // Channels last.
  std::vector<float> rows(const std::string& name) const {
    std::vector<float> values(static_cast<size_t>(tensor(name).count()));
    to_f32(tensor(name), values.data());
    return tensor(name).dims.size() == 4 ? to_nhwc(values, shape(name)) : values;
  }

  std::vector<int32_t> ints(const std::string& name) const {
    const std::vector<float> values = rows(name);  // far below 2^24
    return {values.begin(), values.end()};
  }

  Json config;

 private:
  const HostTensor& tensor(const std::string& name) const {
    const HostTensor* found = set_.find(name);
    if (!found) throw file_error("{} has no tensor {}", set_.path, name);
    return *found;
  }

  TensorSet set_;
};

// A checkpoint that makes every tensor it is asked for, and counts them.
struct SeededCheckpoint {
  SeededCheckpoint(std::string part, uint64_t seed) {
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
  SeededCheckpoint(const SeededCheckpoint&) = delete;
  SeededCheckpoint& operator=(const SeededCheckpoint&) = delete;

  int64_t parameters() const {
    int64_t total = 0;
    for (const auto& [name, tensor] : asked) total += tensor.count();
    return total;
  }

  Checkpoint checkpoint;
  std::map<std::string, HostTensor> asked;
  std::deque<std::vector<float>> memory;
};

}  // namespace yent
