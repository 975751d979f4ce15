// The zip format of torch.save (torch/serialization.py says what it holds).
#include "kernels/error.h"
#include "loaders/io/zip.h"
#include "loaders/tensors/tensor_set.h"
#include "loaders/tensors/torch_archive.h"
#include "loaders/tensors/torch_globals.h"

namespace yent {
namespace {

constexpr std::string_view pickle_name = "data.pkl", storage_folder = "data/";

// The archive's one folder, which holds all entries; "" when they lie at the top.
std::string folder_of(const std::vector<ZipEntry>& entries, const std::string& path) {
  std::string folder;
  size_t pickles = 0;
  for (const ZipEntry& entry : entries) {
    const size_t length = entry.name.find('/') == entry.name.npos ? 0 : entry.name.find('/') + 1;
    if (std::string_view(entry.name).substr(length) != pickle_name) continue;
    ++pickles;
    folder = entry.name.substr(0, length);
  }
  if (pickles != 1) {
    throw file_error("{}: {} data.pkl in the archive, expected one", path, pickles);
  }
  return folder;
}

void check_byte_order(std::span<const std::byte> order, const std::string& path) {
  const std::string_view text(reinterpret_cast<const char*>(order.data()), order.size());
  if (text != "little") {
    throw file_error("{}: byte order \"{}\", expected little", path, printable(text));
  }
}

}  // namespace

TorchArchive read_torch_zip(std::span<const std::byte> bytes, const std::string& path) {
  const std::vector<ZipEntry> entries = read_zip(bytes, path);
  const std::string folder = folder_of(entries, path);
  TorchArchive archive;
  std::span<const std::byte> pickle;
  for (const ZipEntry& entry : entries) {
    std::string_view name = entry.name;
    if (!name.starts_with(folder)) continue;
    name.remove_prefix(folder.size());
    if (name == pickle_name) pickle = entry.bytes;
    if (name == "byteorder") check_byte_order(entry.bytes, path);
    if (name.starts_with(storage_folder)) {
      archive.storages.emplace(name.substr(storage_folder.size()), entry.bytes);
    }
  }
  if (pickle.size() > max_torch_pickle_bytes) {
    throw file_error("{}: data.pkl of {} bytes, expected at most {}", path, pickle.size(),
                     max_torch_pickle_bytes);
  }
  archive.graph = read_pickle(pickle, torch_global_use, path + ": data.pkl");
  return archive;
}

}  // namespace yent
