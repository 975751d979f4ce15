// What the layers of a network were bound to: a network that is loaded again with other adapters
// takes over every weight that none of them touches.
#pragma once

#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/policy.h"
#include "kernels/backend.h"

namespace yent {

struct BoundWeight {
  std::variant<LinearWeight, std::vector<LinearWeight>, ConvWeight, NormWeight, PersistentTensor>
      weight;
  std::vector<std::string> tensors;  // whose values it depends on, there or not
  std::vector<Resolved> resolved;
};

// By the path of the layer, of a stack by that of its first part. Copies share the packed weights.
using BoundWeights = std::map<std::string, BoundWeight>;

// Those that depend on none of the tensors.
inline BoundWeights without(BoundWeights weights, const std::set<std::string>& tensors) {
  std::erase_if(weights, [&](const BoundWeights::value_type& entry) {
    for (const std::string& name : entry.second.tensors) {
      if (tensors.contains(name)) return true;
    }
    return false;
  });
  return weights;
}

}  // namespace yent
