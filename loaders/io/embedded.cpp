#include "loaders/io/embedded.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "loaders/io/embedded_files.h"

namespace yent {
namespace {

// The path below the root, or nothing for a path on disk.
std::optional<std::string> embedded_name(const std::filesystem::path& path) {
  std::string name = path.string();
  const std::string_view root = embedded_root;
  if (!name.starts_with(root)) return {};
  name.erase(0, root.size());
  return name.substr(std::min(name.find_first_not_of('/'), name.size()));
}

}  // namespace

std::optional<std::span<const std::byte>> embedded_file(const std::filesystem::path& path) {
  const auto name = embedded_name(path);
  if (!name) return {};
  for (const EmbeddedFile& file : embedded_files()) {
    if (*name == file.name) return std::span(file.begin, file.end);
  }
  return {};
}

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  if (embedded_name(path)) return embedded_file(path).has_value();
  return std::filesystem::exists(path, ignored) && !std::filesystem::is_directory(path, ignored);
}

bool is_folder(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto name = embedded_name(path);
  if (!name) return std::filesystem::is_directory(path, ignored);
  return std::ranges::any_of(embedded_files(), [&](const EmbeddedFile& file) {
    return std::string_view(file.name).starts_with(*name + "/");
  });
}

std::vector<std::filesystem::path> files_in(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  if (embedded_name(folder)) {
    for (const EmbeddedFile& file : embedded_files()) {
      auto path = std::filesystem::path(embedded_root) / file.name;
      if (path.parent_path() == folder) files.push_back(std::move(path));
    }
  } else {
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator(folder, ignored)) {
      if (is_file(entry.path())) files.push_back(entry.path());
    }
  }
  return files;
}

}  // namespace yent
