#include "engine/pipeline/assets.h"

#include "loaders/io/embedded.h"

namespace yent {

std::filesystem::path shipped(const std::string& name) {
  const auto embedded = std::filesystem::path(embedded_root) / name;
  if (is_file(embedded) || is_folder(embedded)) return embedded;
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto folder = program.parent_path();
  for (const auto& place : {folder, folder.parent_path() / "share" / "yent"}) {
    if (!program.empty() && std::filesystem::exists(place / name, error)) return place / name;
  }
  // A program of somebody else's lies anywhere; then the data is where it was installed.
  const auto source = std::filesystem::path(YENT_SOURCE_DIR) / "weights" / name;
  const auto installed = std::filesystem::path(YENT_DATA_DIR) / name;
  return std::filesystem::exists(source, error) ? source : installed;
}

std::filesystem::path painter_path(const std::string& name) {
  return name == "default" ? shipped("default") : std::filesystem::path(name);
}

std::filesystem::path voice_path(const std::string& name) {
  return name == "default" ? shipped("default/yent.gguf") : std::filesystem::path(name);
}

}  // namespace yent
