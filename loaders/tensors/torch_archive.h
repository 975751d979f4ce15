// A file of torch.save taken apart: one pickled graph, and the raw storages that it refers to.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <span>
#include <string>

#include "loaders/tensors/pickle.h"

namespace yent {

// The graph's texts and the storages point into the file.
struct TorchArchive {
  PickleGraph graph;
  std::map<std::string, std::span<const std::byte>, std::less<>> storages = {};  // by key
};

// No pickle is longer: it holds names and shapes, the numbers are in the storages.
constexpr size_t max_torch_pickle_bytes = size_t{64} << 20;

// The format since torch 1.6: a zip with data.pkl, data/KEY and, newer ones, byteorder. Refuses
// compressed or encrypted archives and big-endian ones. Throws a file error that begins with
// `path`.
TorchArchive read_torch_zip(std::span<const std::byte> bytes, const std::string& path);

// The format before it, which torch.save still writes when it is asked to: pickles of a magic
// number, a version, the machine and the object, then of the list of storages, then these.
bool is_torch_legacy(std::span<const std::byte> bytes);
TorchArchive read_torch_legacy(std::span<const std::byte> bytes, const std::string& path);

}  // namespace yent
