// Reads the results of PyTorch that tools/golden recorded, and makes the same seeded weights.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "engine/core/dump.h"
#include "engine/core/nchw.h"
#include "engine/core/weight_binder.h"
#include "loaders/io/json.h"
#include "loaders/tensors/safetensors.h"

namespace yent {

std::string golden_path(const std::string& name);

// One file: named tensors, and `config`, which says what made them.
class Golden {
 public:
  explicit Golden(const std::string& name);

  // A file that yent-run or a Dump has written has no config.
  explicit Golden(TensorSet set);

  const std::vector<HostTensor>& tensors() const { return set_.tensors; }
  bool has(const std::string& name) const { return set_.find(name) != nullptr; }

  // [n, c, h, w] is an image, [n, t, c] are tokens, [t, c] one sequence of them.
  Shape shape(const std::string& name) const;
  // Channels last.
  std::vector<float> rows(const std::string& name) const;
  std::vector<int32_t> ints(const std::string& name) const;

  Json config;

 private:
  const HostTensor& tensor(const std::string& name) const;

  TensorSet set_;
};

// A checkpoint that makes every tensor it is asked for, and counts them.
struct SeededCheckpoint {
  SeededCheckpoint(std::string part, uint64_t seed);
  SeededCheckpoint(const SeededCheckpoint&) = delete;
  SeededCheckpoint& operator=(const SeededCheckpoint&) = delete;

  int64_t parameters() const;

  Checkpoint checkpoint;
  std::map<std::string, HostTensor> asked;
  std::deque<std::vector<float>> memory;
};

}  // namespace yent
