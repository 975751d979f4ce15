#include "engine/pipeline/assets.h"

#include <dlfcn.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "kernels/error.h"
#include "loaders/io/embedded.h"

namespace yent {
namespace {

// The file this code was loaded from: the program, or a shared library that it uses.
std::filesystem::path own_file() {
  Dl_info info = {};
  if (::dladdr(reinterpret_cast<const void*>(&shipped), &info) == 0) return {};
  std::error_code error;
  return std::filesystem::canonical(info.dli_fname, error);
}

// Folders that may hold what ships, the best first.
std::vector<std::filesystem::path> places() {
  std::vector<std::filesystem::path> all{embedded_root};
  std::error_code error;
  for (const auto& file : {std::filesystem::read_symlink("/proc/self/exe", error), own_file()}) {
    if (file.empty()) continue;
    all.push_back(file.parent_path());
    // <prefix>/bin/yent-run, <prefix>/lib/libyent.so or <prefix>/lib/x86_64-linux-gnu/libyent.so.
    for (auto prefix = file.parent_path(); prefix != prefix.root_path();) {
      prefix = prefix.parent_path();
      all.push_back(prefix / "share" / "yent");
      if (prefix.filename() != "lib") break;
    }
  }
  all.push_back(std::filesystem::path(YENT_SOURCE_DIR) / "weights");
  all.emplace_back(YENT_DATA_DIR);
  return all;
}

}  // namespace

std::optional<std::filesystem::path> find_shipped(const std::string& name) {
  for (const std::filesystem::path& place : places()) {
    const std::filesystem::path path = place / name;
    if (is_file(path) || is_folder(path)) return path;
  }
  return {};
}

std::filesystem::path shipped(const std::string& name) {
  if (const auto path = find_shipped(name)) return *path;
  std::vector<std::string> looked;
  for (const std::filesystem::path& place : places()) {
    const std::string folder = place.lexically_normal().string();
    if (place != embedded_root && std::ranges::find(looked, folder) == looked.end()) {
      looked.push_back(folder);
    }
  }
  throw file_error("{} ships with yent and is missing, expected it in one of {}", name,
                   fmt::join(looked, ", "));
}

std::filesystem::path painter_path(const std::string& name) {
  return name == "default" ? shipped("default") : std::filesystem::path(name);
}

std::filesystem::path voice_path(const std::string& name) {
  return name == "default" ? shipped("default/yent.gguf") : std::filesystem::path(name);
}

}  // namespace yent
