// A checkpoint of any network: zeros for every tensor that is asked for. For what does not depend
// on values. One thread.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/core/weight_binder.h"
#include "kernels/error.h"

namespace yent {

inline Checkpoint empty_checkpoint(const std::string& part) {
  static const std::vector<std::byte> zeros(size_t{80} << 20);
  static std::map<std::string, HostTensor> asked;
  Checkpoint checkpoint{.path = "empty", .part = part, .find = {}};
  checkpoint.find = [](const std::string& name, std::span<const int64_t> dims) {
    HostTensor t{name, DType::f16, {dims.begin(), dims.end()}, zeros.data(), 0};
    t.bytes = static_cast<size_t>(t.count()) * 2;
    ENSURE(t.bytes <= zeros.size(), "{} has {} bytes", name, t.bytes);
    return &asked.insert_or_assign(name, t).first->second;
  };
  return checkpoint;
}

}  // namespace yent
